"""Marks reach Canvas and Moodle as they are, act in no spreadsheet, and are told when they change afterwards."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from made_class import CHECK, MadeClass
from platform_imports import canvas_import, formulas, moodle_import
from small_course import LESSON

from grader.classroom.errors import BadDownload
from grader.classroom.filling import fill
from grader.classroom.roster import Learner

NAMES = {
    "ada": ("=HYPERLINK(1)", "Love, “lace”", "ada@example.org"),
    "李 四": ("+1", "-2", "@x"),
    "Zoë O'Neil": ("🐳👩\u200d💻", "\u202egnp\x1b[31m", "zoe@example.org"),
    "=HYPERLINK(1)": ("|calc", "\tx", "a\r\nb"),
}


@pytest.fixture
def marked(made_once: MadeClass, tmp_path: Path) -> MadeClass:
    """Four learners of names that are no words, with 3, 2, 1 and 0 points."""
    made = made_once.copy(tmp_path)
    with (made.root / "roster.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("id", "first_name", "last_name", "email"))
        table.writerows((who, *rest) for who, rest in NAMES.items())
    made.write(*(made.examination(who, 3 - place, 0) for place, who in enumerate(NAMES)))
    return made


MARKS = {"ada": 3, "李 四": 2, "Zoë O'Neil": 1, "=HYPERLINK(1)": 0}


def test_canvas_reads_what_is_exported_for_it(marked: MadeClass) -> None:
    file = marked.root / "canvas.csv"
    said = marked.grader("export", "--format", "canvas", "--to", str(file)).stdout
    known = {who: mark for who, mark in MARKS.items() if not who.startswith("=")}
    assert canvas_import(file, set(MARKS)) == {LESSON: known}
    assert "will not find this id" in said and formulas(file) == []


def test_moodle_reads_what_is_exported_for_it(marked: MadeClass) -> None:
    file = marked.root / "moodle.csv"
    marked.grader("export", "--format", "moodle", "--to", str(file))
    known = {who: mark for who, mark in MARKS.items() if not who.startswith("=")}
    assert moodle_import(file, {LESSON: "Assignment"}, set(MARKS)) == {"Assignment": known}
    assert formulas(file) == []


def test_no_cell_of_the_plain_table_is_a_formula_or_turns_a_line(marked: MadeClass) -> None:
    file = marked.root / "marks.csv"
    marked.grader("export", "--to", str(file))
    text = file.read_text("utf-8")
    assert formulas(file) == [] and not set(text) & set("\x1b\u202e\t")
    assert "🐳👩\u200d💻" in text and '"Love, “lace”"' in text


@pytest.mark.parametrize(
    ("heading", "lines", "expected"),
    [
        (
            ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", f"{LESSON} (4711)", "Other (1)"],
            [
                ["    Points Possible", "", "", "", "", "4", "9"],
                ["Love, Ada", "17", "", "ada", "S", "", "5"],
                ["Somebody", "18", "", "new", "S", "", "6"],
            ],
            {"ada": "3", "new": ""},
        ),
        (
            ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade", "Last modified (grade)"],
            [
                ["Participant 7", "Ada Love", "ada@example.org", "Submitted", "", "4", "-"],
                ["Participant 8", "New", "new@example.org", "No submission", "", "4", "-"],
            ],
            {"ada@example.org": "3", "new@example.org": ""},
        ),
    ],
    ids=["canvas", "moodle"],
)
def test_a_platform_s_own_file_is_filled_in(
    tmp_path: Path, heading: list[str], lines: list[list[str]], expected: dict[str, str]
) -> None:
    file = tmp_path / "theirs.csv"
    with file.open("w", encoding="utf-8-sig", newline="") as opened:
        csv.writer(opened).writerows([heading, *lines])
    table, said = fill(file, {LESSON: {"ada": 3.0, "absent": 1.0}}, [Learner("ada", email="ada@example.org")])
    column = next(name for name in heading if LESSON in name or name == "Grade")
    got = {
        next(row[key] for key in ("SIS Login ID", "Email address") if row.get(key) is not None): row[column]
        for row in table.rows
    }
    assert expected.items() <= got.items()
    changed = {column}
    for row, line in zip(table.rows, lines, strict=True):
        assert {k: v for k, v in row.items() if k not in changed} == {
            k: v for k, v in zip(heading, line, strict=True) if k not in changed
        }
    assert any("absent has marks" in line for line in said) and any("nobody of the roster" in line for line in said)


def test_a_file_without_a_column_for_the_lesson_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("Student,ID\n")
    with pytest.raises(BadDownload, match=LESSON):
        fill(tmp_path / "x.csv", {LESSON: {}, "L02": {}}, [])


def test_a_mark_that_changes_after_the_export_is_told(marked: MadeClass) -> None:
    assert "changed" not in marked.grader("export", "--to", str(marked.root / "marks.csv")).stdout
    with marked.steps.api.gradebook as book:
        book.find_grade(CHECK, LESSON, LESSON, "ada").manual_score = 1.0
        book.db.commit()
    said = marked.grader("grade", "T01").stdout
    assert "changed since the last export: ada: 3 points are in" in said and "1 are right now" in said
    assert "changed: ada" in marked.grader("export", "--to", str(marked.root / "marks.csv")).stdout
    assert "since the last export" not in marked.grader("grade", "T01").stdout


def test_a_run_ends_with_what_needs_a_person(marked: MadeClass) -> None:
    folder = marked.root / "submitted" / "ada" / LESSON
    (folder / f"{LESSON}.ipynb").rename(folder / "one.ipynb")
    (folder / "two.ipynb").write_text("{}")
    (folder / "one.ipynb").write_text(json.dumps({"cells": []}))
    (folder / "two.ipynb").write_text(json.dumps({"cells": [{"cell_type": "code", "source": "1", "metadata": {}}]}))
    for _ in range(2):
        said = marked.grader("grade", "T01", code=1).stdout
        assert "3 unchanged" in said and "To look at: ada" in said and "'one.ipynb' and 'two.ipynb' differ" in said
        assert "the points are those of an earlier hand-in" in said
    rows = {row["student"]: row for row in json.loads(marked.grader("grade", "T01", "--json", code=1).stdout)}
    assert (rows["ada"]["state"], rows["ada"]["points"], rows["ada"]["tries"]) == ("failed", 3, 0)


def test_ids_that_are_nearly_somebody_s_are_not_graded(marked: MadeClass) -> None:
    for name in ("ada ", "Ada", "*", "zz\x1b[2J"):
        (marked.root / "submitted" / name / LESSON).mkdir(parents=True)
        (marked.root / "submitted" / name / LESSON / f"{LESSON}.ipynb").write_text("{}")
    said = marked.grader("grade", "T01", code=1).stdout
    assert "3 points" not in said and "\x1b" not in said and "zz\\x1b[2J" in said
    rows = {row["student"]: row for row in json.loads(marked.grader("grade", "T01", "--json", code=1).stdout)}
    assert {who: (row["state"], row["points"]) for who, row in rows.items()} == {
        **{who: ("unchanged", float(mark)) for who, mark in MARKS.items()},
        **dict.fromkeys(("ada ", "Ada", "*", "zz\x1b[2J"), ("failed", 0)),
    }


def test_pages_show_no_sign_that_turns_a_line(marked: MadeClass) -> None:
    marked.grader("report", "T01", "--no-open")
    marked.write(marked.examination("ada", 2, 0, said="a\u202eb\x1b[31m", notes=("x\u2066y",)))
    marked.grader("report", "T01", "--no-open")
    marked.grader("feedback", "T01")
    pages = [*(marked.root / "feedback").rglob("*.html"), *(marked.root / "report").glob("*.html")]
    assert len(pages) == 5
    for page in pages:
        assert not set(page.read_text("utf-8")) & set("\x1b\x9b\u202e\u2066")
