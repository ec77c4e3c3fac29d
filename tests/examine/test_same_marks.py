"""Honest submissions get, cell by cell, the points that stock `nbgrader autograde` gives them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import stock
from submissions import honest

from course.manifest import load
from grader.examine.examination import Examination
from grader.examine.examiner import Examiner
from grader.examine.job import Job

pytestmark = [
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
    pytest.mark.timeout(1800),
]
LESSONS = ("L01", "L02", "L03", "L05", "L06")
EACH = 8
PROCESSES = 2
MOST_UNKNOWN = 2  # cells of about 240


@pytest.fixture
def stock_nbgrader(engine_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which nbgrader grades as it was installed, on the prepared engine."""
    monkeypatch.setenv("SLIPWAY_ENGINE", engine_url)
    return tmp_path / "stock"


def test_forty_honest_submissions_of_five_lessons_row_by_row(
    examiner: Examiner, tmp_path: Path, engine_url: str, stock_nbgrader: Path
) -> None:
    course = load()
    made = [one for id_ in LESSONS for one in honest(course.lesson(id_), EACH, whole=False)]
    assert len(made) >= 40
    theirs = {(one.lesson, one.student): one for one in stock.grade(stock_nbgrader, made, PROCESSES)}
    jobs = [one.job(tmp_path / str(number)) for number, one in enumerate(made)]
    with Examiner(engine_url) as other, ThreadPoolExecutor(2) as threads:
        halves = threads.map(_examined, (examiner, other), (jobs[::2], jobs[1::2]))
        ours = {(one.lesson, one.student): one for half in halves for one in half}
        other.settle()
    odd = [(one.lesson, one.student, one.notes) for one in ours.values() if one.notes]
    assert not odd, odd
    differing = [
        (key, mark, theirs[key].points)
        for key, one in ours.items()
        for mark in one.marks
        if mark.cell not in theirs[key].unknown and (theirs[key].points or {}).get(mark.cell) != mark.earned
    ]
    assert not differing, differing
    # nbgrader takes points for what could not be checked, as by an engine that was too busy: no row to compare with
    assert sum(len(one.unknown) for one in theirs.values()) <= MOST_UNKNOWN
    points = [one.points for one in ours.values()]
    assert min(points) == 0 and len(set(points)) > 5, "the set has every kind of submission"


def _examined(examiner: Examiner, jobs: list[Job]) -> list[Examination]:
    return [examiner.examine(job) for job in jobs]
