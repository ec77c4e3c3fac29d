"""The same marks as stock nbgrader, row by row: 40 honest submissions of five lessons.

nbgrader's autograding takes most of this test's time: two processes of it run at once, each in a copy of the class.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from nbgrader.api import Comment, Grade, Gradebook, SubmittedAssignment, SubmittedNotebook
from stock import grade
from submissions import Submission, write_class
from typer.testing import CliRunner

from grader.classroom.workspace import init
from grader.cli import app

LESSONS = ["L01", "L02", "L03", "L04", "L05"]
EACH = 8
PROCESSES = 2

pytestmark = pytest.mark.timeout(1500)  # a busy machine; it takes minutes on a quiet one


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Submission]]:
    """A workspace with the released lessons and what was handed in, nothing graded."""
    root = tmp_path_factory.mktemp("same") / "class"
    init(root)
    for lesson in LESSONS:
        assert CliRunner().invoke(app, ["release", lesson, "-C", str(root)]).exit_code == 0
    return root, write_class(root / "submitted", LESSONS, EACH, whole=False)


@pytest.fixture(scope="module")
def stock(
    released: tuple[Path, list[Submission]], tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, ...], tuple[object, ...]]:
    """The rows of stock nbgrader's gradebooks."""
    root = tmp_path_factory.mktemp("stock")
    graded = grade(root, released[1], processes=PROCESSES)
    assert all(one.points is not None for one in graded)
    return {key: row for number in range(PROCESSES) for key, row in rows_of(root / str(number), "stock").items()}


def test_the_gradebook_is_the_one_of_stock_nbgrader_row_by_row(
    released: tuple[Path, list[Submission]], stock: dict[tuple[str, ...], tuple[object, ...]], engine_url: str
) -> None:
    root, made = released
    assert len(made) == len(LESSONS) * EACH >= 40
    for lesson in LESSONS:
        command = ["grade", lesson, "--engine", engine_url, "--json", "-C", str(root)]
        done = CliRunner().invoke(app, command, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        assert {one["state"] for one in json.loads(done.stdout)} == {"graded"}
    ours = rows_of(root, "slipway")
    assert ours.keys() == stock.keys()
    assert {key: (ours[key], stock[key]) for key in stock if ours[key] != stock[key]} == {}
    kinds = {one.kind for one in made}
    assert kinds == {"right", "partly", "wrong", "untouched"}
    assert len({row for key, row in ours.items() if key[0] == "grade"}) > 3, "the marks differ between learners"


def rows_of(root: Path, course: str) -> dict[tuple[str, ...], tuple[object, ...]]:
    """Every row of a gradebook that belongs to a submission, without ids and times."""
    rows: dict[tuple[str, ...], tuple[object, ...]] = {}
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}", course) as book:
        for one in book.db.query(SubmittedAssignment):
            key = ("submission", one.name, one.student_id)
            rows[key] = (one.score, one.max_score, one.needs_manual_grade, one.late_submission_penalty)
        for one in book.db.query(SubmittedNotebook):
            key = ("notebook", one.assignment.name, one.student.id)
            rows[key] = (one.score, one.max_score, one.needs_manual_grade, one.failed_tests)
        for one in book.db.query(Grade):
            key = ("grade", one.assignment.name, one.student.id, one.name)
            rows[key] = (one.auto_score, one.manual_score, one.max_score, one.needs_manual_grade)
        for one in book.db.query(Comment):
            key = ("comment", one.assignment.name, one.student.id, one.name)
            rows[key] = (one.auto_comment, one.manual_comment)
    return rows
