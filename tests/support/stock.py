"""Stock nbgrader, as it grades without Slipway: `autograde` in one process, one submission after another.

    python tests/support/stock.py ROOT < jobs.json      # [["L03-blueprints", "Ada"], …]

Each line of the output is the points of one submission, by cell, and the seconds that it took. Only the engine is the
course's: each submission has a session of its own, whose socket is in DOCKER_HOST.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat

from course.gateway import session
from course.workspace import KEPT_BACK, release_config

if TYPE_CHECKING:
    from submissions import Submission


@dataclass(frozen=True)
class Points:
    """What stock nbgrader gave: points by cell, None where it failed as a whole; cells that could not be checked."""

    lesson: str
    student: str
    points: dict[str, float] | None
    seconds: float
    unknown: list[str] = field(default_factory=list)


def grade(root: Path, submissions: Sequence[Submission], processes: int = 1) -> list[Points]:
    """Grade submissions with stock nbgrader.

    Args:
        root: an empty folder; each process has a course of its own in it, because nbgrader's gradebook has one writer.
        submissions: written there first.
        processes: at once.
    """
    shares = [list(submissions[number::processes]) for number in range(processes)]
    with ThreadPoolExecutor(processes) as threads:
        parts = list(threads.map(lambda number: _grade(root / str(number), shares[number]), range(processes)))
    return [one for part in parts for one in part]


def _grade(root: Path, submissions: Sequence[Submission]) -> list[Points]:
    lay_out(root, submissions)
    asked = [(one.lesson.name, one.student) for one in submissions]
    done = subprocess.run(
        [sys.executable, __file__, str(root)], input=json.dumps(asked), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-3000:])
    return [Points(**json.loads(line)) for line in done.stdout.splitlines() if line.startswith('{"lesson"')]


def lay_out(root: Path, submissions: Sequence[Submission]) -> None:
    """Write the sources and the submissions into a course of nbgrader's."""
    for one in submissions:
        ignored = shutil.ignore_patterns(*KEPT_BACK)
        shutil.copytree(one.lesson.folder, root / "source" / one.lesson.name, ignore=ignored, dirs_exist_ok=True)
        one.write(root / "submitted" / one.student)


def config(root: Path) -> Any:
    """nbgrader's configuration: the course's stubs and time limits, and nothing that changes how it grades."""
    made = release_config()
    made.CourseDirectory.root = str(root)
    made.CourseDirectory.course_id = "stock"
    made.Execute.timeout = 180
    made.Execute.startup_timeout = 120
    made.OverwriteCells.add_missing_cells = True
    return made


class Stock:
    """One course of nbgrader's, driven as a library.

    Args:
        root: its folder, with `source` and `submitted` in it.
    """

    def __init__(self, root: Path) -> None:
        from nbgrader.apps.api import NbGraderAPI

        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # for `alembic`
        logging.disable(logging.CRITICAL)
        warnings.simplefilter("ignore")
        self._root = root
        self._api = NbGraderAPI(config=config(root), log_level="CRITICAL")

    def release(self, lesson: str) -> None:
        """Make the released copy, and with it the gradebook's entries."""
        made = self._api.generate_assignment(lesson)
        assert made["success"], made

    def autograde(self, lesson: str, student: str) -> dict[str, float] | None:
        """Grade one submission in a session of its own; its points by cell, None where nbgrader failed."""
        with _session(student):
            result = self._api.autograde(lesson, student)
        if not result["success"]:
            return None
        with self._api.gradebook as book:
            submission = book.find_submission(lesson, student)
            return {grade.name: grade.auto_score for one in submission.notebooks for grade in one.grades}

    def unknown(self, lesson: str, student: str) -> list[str]:
        """The graded cells that ended in `CouldNotCheck`: the engine's fault, for which nbgrader gives 0."""
        node = nbformat.read(self._root / "autograded" / student / lesson / f"{lesson}.ipynb", 4)
        graded = [cell for cell in node.cells if cell.metadata.get("nbgrader", {}).get("grade")]
        return [
            cell.metadata.nbgrader.grade_id
            for cell in graded
            if any(output.get("ename") == "CouldNotCheck" for output in cell.get("outputs", ()))
        ]


def main(root: Path, asked: list[tuple[str, str]]) -> None:
    """Release the lessons, then grade one submission after another."""
    stock = Stock(root)
    for lesson in sorted({lesson for lesson, _ in asked}):
        stock.release(lesson)
    for lesson, student in asked:
        began = time.monotonic()
        points = stock.autograde(lesson, student)
        seconds = time.monotonic() - began
        told = {"lesson": lesson, "student": student, "points": points, "seconds": seconds}
        print(json.dumps({**told, "unknown": stock.unknown(lesson, student) if points else []}), flush=True)


@contextmanager
def _session(student: str) -> Any:
    with session(policy="grading") as own:
        os.environ.update(own.environment(), SLIPWAY_LEARNER=student, SLIPWAY_EXAMINER="1")
        try:
            yield
        finally:
            os.environ.pop("SLIPWAY_SESSION")
            os.environ.pop("DOCKER_HOST")


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.stdin.read()))
