"""From examinations to the gradebook, the tables and the pages; what an engine does is not needed here."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from made_class import CHECK, HIDDEN, MadeClass
from small_course import LESSON

from grader.classroom.archive import Archive
from grader.classroom.class_run import ClassRun
from grader.classroom.errors import Busy, NotReleased
from grader.classroom.gradebook import scores
from grader.classroom.journal import Ended, Journal, Written
from grader.classroom.keeping import Keeping
from grader.examine.examination import Evidence

STUDENTS = ["ada", "李 四", "Zoë O'Neil", "=HYPERLINK(1)"]  # as in the fixture


both = pytest.mark.parametrize("made", ["sqlite", "postgresql"], indirect=True)


def points(made: MadeClass) -> dict[str, dict[str, float]]:
    return {who: {name: one.points for name, one in cells.items()} for who, cells in book(made).items()}


def book(made: MadeClass):  # type: ignore[no-untyped-def]
    return scores(made.steps.api, LESSON)


def planned(made: MadeClass, *, force: bool = False) -> tuple[list[str], list[str], list[str]]:
    todo = ClassRun(made.workspace, made.steps, LESSON, Keeping(made.workspace)).plan(
        made.steps.submissions(LESSON), force=force
    )
    return (
        [one.student for one in todo.examine],
        [one.student for one, _ in todo.write],
        [one.student for one in todo.complete],
    )


@both
def test_marks_reach_the_gradebook_whatever_the_learner_is_called(made: MadeClass) -> None:
    graded = made.write(*(made.examination(who, place % 4, place % 2) for place, who in enumerate(STUDENTS)))
    assert all(one.is_complete for one in graded)
    assert points(made) == {who: {CHECK: place % 4, HIDDEN: place % 2} for place, who in enumerate(STUDENTS)}
    assert all((made.root / "autograded" / who / LESSON / f"{LESSON}.ipynb").exists() for who in STUDENTS)


def test_a_run_holds_no_notebook_and_no_journal_of_what_it_has_written(made: MadeClass) -> None:
    given = made.examination("ada")
    assert given.notebook and given.evidence != Evidence()
    (graded,) = made.write(given)
    assert graded.examination is not None and graded.examination.marks == given.marks
    assert (graded.examination.notebook, graded.examination.evidence) == ("", Evidence())


@both
def test_what_could_not_be_checked_costs_nothing_and_is_tried_again(made: MadeClass) -> None:
    made.write(made.examination("ada", 2, 1))
    made.hands_in("ada", "partly")
    made.write(made.examination("ada", None, 1))
    score = book(made)["ada"][CHECK]
    assert (score.auto, score.needs_a_look) == (2, True), "the points that were there stay"
    assert "ada" in planned(made)[0]


@both
def test_a_manual_score_stays_and_asks_for_a_look_when_the_tests_say_something_else(made: MadeClass) -> None:
    made.write(made.examination("ada", 0, 0))
    with made.steps.api.gradebook as gradebook:
        gradebook.find_grade(CHECK, LESSON, LESSON, "ada").manual_score = 2.5
        gradebook.db.commit()
    made.write(made.examination("ada", 3, 1))
    score = book(made)["ada"][CHECK]
    assert (score.points, score.auto, score.manual, score.needs_a_look) == (2.5, 3, 2.5, True)


@both
def test_complete_is_what_the_journal_and_the_gradebook_say_and_never_a_folder(made: MadeClass) -> None:
    (made.root / "autograded" / "ada" / LESSON).mkdir(parents=True)
    assert planned(made) == (sorted(STUDENTS), [], [])
    made.write(made.examination("ada", 3, 1))
    assert planned(made)[2] == ["ada"]
    assert planned(made, force=True)[0] == sorted(STUDENTS)

    with made.steps.api.gradebook as gradebook:  # as after a gradebook that was put back from yesterday
        gradebook.remove_submission(LESSON, "ada")
    assert planned(made)[1:] == (["ada"], []), "the examination is kept: it need only be written"

    made.write(made.examination("ada", 3, 1))
    made.hands_in("ada", "broken")
    assert "ada" in planned(made)[0], "another submission"


def test_a_run_that_was_killed_within_a_write_has_not_written(made: MadeClass) -> None:
    made.write(made.examination("ada", 3, 1))
    journal = Journal(made.root / ".grader")
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole[:-7])
    assert planned(made)[1:] == (["ada"], [])
    journal.add(Ended(run="r", lesson=LESSON, how="finished"))
    assert [type(one).__name__ for one in journal.records()] == ["Examined", "Ended"]
    journal.path.write_bytes(whole)
    assert isinstance(journal.last(LESSON)["ada"], Written)


def test_an_examination_that_is_not_whole_is_none(made: MadeClass, tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    name = archive.keep(made.examination("ada"), "s" * 64, "t" * 64)
    assert archive.read(name) == made.examination("ada")
    assert archive.read("T01-greeter/ada/other.json") is None
    assert not list(archive.folder.rglob("*.part"))


def test_one_process_writes(made: MadeClass, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.classroom.keeping.WAIT_SECONDS", 0.01)
    with (
        Keeping(made.workspace).alone(),
        pytest.raises(Busy, match="goes on where it was"),
        Keeping(made.workspace).alone(),
    ):
        pass


def test_other_tests_than_the_released_ones_are_refused_until_a_regrade_shows_them(made: MadeClass) -> None:
    made.write(made.examination("ada", 3, 1))
    made.change_tests('prints="ahoy"', 'prints="hello"')
    with pytest.raises(NotReleased, match=f"{HIDDEN}") as caught:
        made.grader("grade", "T01")
    assert "grader regrade" in caught.value.try_next


@both
def test_a_regrade_shows_what_changes_before_it_writes_and_leaves_manual_scores(made: MadeClass) -> None:
    made.write(*(made.examination(who, 3, 1) for who in STUDENTS))
    with made.steps.api.gradebook as gradebook:
        gradebook.find_grade(HIDDEN, LESSON, LESSON, "李 四").manual_score = 1.0
        gradebook.db.commit()
    made.change_tests('prints="ahoy"', 'prints="hello"')
    keeping = Keeping(made.workspace)
    run = ClassRun(made.workspace, made.steps, LESSON, keeping)
    with keeping.alone():  # the examinations by the new tests, as the workers of a regrade keep them
        for who in STUDENTS:
            submitted = run.plan_again([made.submission(who)]).digests[made.submission(who)]
            keeping.examined(made.examination(who, 3, 0, said="the output ahoy"), submitted, run.source.digest)

    shown = json.loads(made.grader("regrade", "T01", "--json").stdout)
    assert [(c["student"], c["cell"], c["before"], c["after"], c["counts"]) for c in shown] == [
        (who, HIDDEN, 1, 0, who != "李 四") for who in sorted(STUDENTS)
    ]
    assert {who: cells[HIDDEN] for who, cells in points(made).items()} == dict.fromkeys(STUDENTS, 1), (
        "nothing is written"
    )
    assert "a manual score stays" in made.grader("regrade", "T01").stdout

    made.grader("regrade", "T01", "--yes")
    expected = {who: 1.0 if who == "李 四" else 0.0 for who in STUDENTS}
    assert {who: cells[HIDDEN] for who, cells in points(made).items()} == expected
    assert json.loads(made.grader("regrade", "T01", "--json").stdout) == []
    assert planned(made)[2] == sorted(STUDENTS)


def test_late_costs_what_the_configuration_says_and_an_extension_takes_it_back(
    made_once: MadeClass, tmp_path: Path
) -> None:
    made = made_once.copy(tmp_path, "c.LatePolicy.share_per_day = 0.25\n")
    made.grader("release", "T01", "--due", "2026-01-10 12:00")
    for who, when in (("ada", "2026-01-11 13:00:00 UTC"), ("李 四", "2026-01-10 12:10:00 UTC")):
        made.hands_in(who, timestamp=when)
    made.write(made.examination("ada"), made.examination("李 四"))
    assert (totals(made)["ada"], totals(made)["李 四"]) == (2.0, 4.0), "two days begun cost half; ten minutes are grace"

    assert "due 2026-01-11 12:00 UTC" in made.grader("extend", "ada", "T01", "--days", "1").stdout
    assert totals(made)["ada"] == 3.0
    made.grader("extend", "ada", "T01", "--days", "3")
    assert totals(made)["ada"] == 4.0
    made.write(made.examination("ada"))
    assert totals(made)["ada"] == 4.0, "grading again keeps it"
    made.grader("extend", "ada", "T01", "--days", "0")
    assert totals(made)["ada"] == 2.0


def test_an_extension_before_anything_is_handed_in_counts_later(made_once: MadeClass, tmp_path: Path) -> None:
    made = made_once.copy(tmp_path, "c.LatePolicy.share_per_day = 1.0\n")
    made.grader("release", "T01", "--due", "2026-01-10 12:00")
    made.grader("extend", "ada", "T01", "--days", "2")
    made.hands_in("ada", timestamp="2026-01-12 11:00:00 UTC")
    made.write(made.examination("ada"))
    assert totals(made)["ada"] == 4.0


def totals(made: MadeClass) -> dict[str, float]:
    made.grader("export", "--to", str(made.root / "marks.csv"))
    with (made.root / "marks.csv").open(encoding="utf-8", newline="") as file:
        return {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}


def test_canvas_gets_a_line_for_each_learner_and_no_formula(made: MadeClass) -> None:
    made.write(*(made.examination(who, 2, 1) for who in STUDENTS[1:]))
    made.grader("export", "--format", "canvas", "--to", str(made.root / "canvas.csv"))
    with (made.root / "canvas.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", LESSON]
    assert (rows[0]["Student"].strip(), float(rows[0][LESSON])) == ("Points Possible", 4)
    assert {row["SIS Login ID"]: row[LESSON] for row in rows[1:]} == {
        "ada": "",
        "李 四": "3.0",
        "Zoë O'Neil": "3.0",
        "'=HYPERLINK(1)": "3.0",
    }
    assert "Last, 李 四, First 李 四" in {row["Student"] for row in rows}


def test_an_explanation_says_what_a_mark_rests_on(made: MadeClass) -> None:
    made.write(made.examination("ada", 3, 0, said="the output good day", notes=("One cell was missing.",)))
    said = made.grader("explain", "ada", "T01-greeter").stdout
    for part in (
        "3 of 3 points, passed",
        "0 of 1 points, failed",
        "observed: the output good day",
        "engine 20.10",
        "greeter",
    ):
        assert part in said
    assert "note: One cell was missing." in said and '{"call": 1}' in said


@pytest.mark.parametrize(
    "command",
    [
        ("release", "T01"),
        ("grade", "T01"),
        ("regrade", "T01"),
        ("feedback", "T01"),
        ("export", "--to", "marks.csv"),
        ("report", "T01"),
        ("extend", "ada", "T01", "--days", "2"),
    ],
    ids=lambda command: command[0],
)
def test_a_dry_run_writes_nothing(
    made: MadeClass, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made.write(made.examination("ada", 3, 1))
    monkeypatch.chdir(made.root)
    (made.root / "roster.csv").write_text("id\nada\nnewcomer\n")
    before = made.tree()
    assert "would" in made.grader(*command, "--dry-run").stdout
    assert made.tree() == before
    assert "would make" in made.grader("init", str(tmp_path / "other"), "--dry-run", here=False).stdout
    assert not (tmp_path / "other").exists()
