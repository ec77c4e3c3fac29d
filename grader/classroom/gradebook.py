"""Reading the gradebook: the points of each graded cell."""

from __future__ import annotations

from dataclasses import dataclass

from nbgrader.api import MissingEntry
from nbgrader.apps.api import NbGraderAPI


@dataclass(frozen=True)
class Score:
    """The points of one graded cell: its name, what it got (a manual score wins), what it could get."""

    cell: str
    points: float
    out_of: float
    needs_a_look: bool = False


def scores(api: NbGraderAPI, lesson: str, student: str) -> list[Score]:
    """The points of one learner in one lesson, by the cells' names; empty without a submission."""
    with api.gradebook as book:
        try:
            submission = book.find_submission(lesson, student)
        except MissingEntry:
            return []
        return [
            Score(grade.name, float(grade.score or 0), float(grade.max_score), bool(grade.needs_manual_grade))
            for notebook in submission.notebooks
            for grade in sorted(notebook.grades, key=lambda grade: grade.name)
        ]
