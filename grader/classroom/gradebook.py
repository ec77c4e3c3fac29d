"""Reading the gradebook, and refusing to grade by tests that it does not know."""

from __future__ import annotations

from dataclasses import dataclass

import nbformat
from nbgrader.api import Grade, MissingEntry, SubmittedAssignment, SubmittedNotebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.utils import is_grade

from grader.classroom.errors import NotReleased
from grader.classroom.submission import Source


@dataclass(frozen=True)
class Score:
    """The points of one graded cell, as the gradebook has them.

    Args:
        cell: its name.
        points: what counts: a manual score wins.
        out_of: what could be had.
        auto: the automatic points; None where there are none yet.
        manual: what a person gave; None where nobody did.
        needs_a_look: a person is to look at it.
    """

    cell: str
    points: float
    out_of: float
    auto: float | None = None
    manual: float | None = None
    needs_a_look: bool = False


def scores(api: NbGraderAPI, lesson: str) -> dict[str, dict[str, Score]]:
    """The points of every learner with a submission of a lesson, by learner and cell."""
    found: dict[str, dict[str, Score]] = {}
    with api.gradebook as book:
        try:
            assignment = book.find_assignment(lesson)
        except MissingEntry:
            return {}
        rows = (
            book.db.query(SubmittedAssignment.student_id, Grade)
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
            .filter(SubmittedAssignment.assignment_id == assignment.id)
        )
        for student, grade in rows:
            found.setdefault(student, {})[grade.name] = Score(
                grade.name,
                float(grade.score or 0),
                float(grade.max_score),
                grade.auto_score,
                grade.manual_score,
                bool(grade.needs_manual_grade),
            )
    return {student: dict(sorted(cells.items())) for student, cells in sorted(found.items())}


def scores_by_learner(api: NbGraderAPI, lesson: str) -> dict[str, dict[str, float | None]]:
    """The automatic points alone, by learner and cell."""
    return {
        student: {name: score.auto for name, score in cells.items()} for student, cells in scores(api, lesson).items()
    }


def refuse_other_tests(api: NbGraderAPI, lesson: str, source: Source) -> None:
    """Refuse to grade a lesson whose graded cells in source/ are not those that it was released with.

    Raises:
        NotReleased: they differ, or the lesson was never released.
    """
    node = nbformat.reads(source.files[source.notebook].decode(), as_version=4)
    mine = {
        cell.metadata.nbgrader.grade_id: (cell.source, float(cell.metadata.nbgrader.points))
        for cell in node.cells
        if is_grade(cell)
    }
    with api.gradebook as book:
        try:
            notebook = book.find_notebook(lesson, lesson)
        except MissingEntry:
            raise NotReleased(
                f"{lesson}, released", "the gradebook does not know it", f"grader release {lesson}"
            ) from None
        points = {cell.name: float(cell.max_score) for cell in notebook.grade_cells}
        texts = {cell.name: cell.source for cell in notebook.source_cells}
    known = {name: (texts.get(name, ""), points[name]) for name in points}
    if changed := sorted({name for name in {*known, *mine} if known.get(name) != mine.get(name)}):
        raise NotReleased(
            f"{lesson} in source/ with the graded cells that it was released with",
            f"they differ: {', '.join(changed)}",
            f"`grader regrade {lesson}` shows what the new ones change before anything is written",
        )
