"""The marks of an examination, written where nbgrader keeps points."""

from __future__ import annotations

from typing import Any

from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades

from grader.classroom.extension import apply_extension
from grader.classroom.nbgrader_side.examined import Handed


class SaveMarks(SaveAutoGrades):  # type: ignore[misc]  # nbgrader has no types
    """nbgrader's own step, with the points from the examiner's marks in the place of what an output says.

    A cell that could not be checked keeps the points that it had, and is put up for a look. Cells that only a person
    marks go nbgrader's way. A manual score is never touched; a changed one below it asks for a look, as in nbgrader.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Write all points of the notebook."""
        self._marks = {mark.cell: mark for mark in _handed_to(self).examination.marks}
        about = resources["nbgrader"]
        course = self.parent.parent.coursedir
        zone = str(self.config.get("ClassClock", {}).get("zone", "UTC"))
        apply_extension(about["db_url"], course.root, about["assignment"], about["student"], zone)
        return super().preprocess(nb, resources)  # type: ignore[no-any-return]

    def _add_score(self, cell: Any, resources: Any) -> None:
        mark = self._marks.get(cell.metadata["nbgrader"]["grade_id"])
        if mark is None:
            super()._add_score(cell, resources)
            return
        grade = self.gradebook.find_grade(mark.cell, self.notebook_id, self.assignment_id, self.student_id)
        if mark.earned is not None:
            grade.auto_score = mark.earned
        grade.needs_manual_grade = grade.manual_score is not None or mark.earned is None
        self.gradebook.db.commit()


class RecordWritten(NbGraderPreprocessor):  # type: ignore[misc]  # nbgrader has no types
    """The last step: the journal learns that the gradebook has the marks, where nobody else tells it."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Add the record."""
        handed = _handed_to(self)
        if handed.keeping is not None:
            with handed.keeping.alone():
                handed.keeping.written(handed.examination, handed.submitted, handed.source)
        return nb, resources


def _handed_to(step: NbGraderPreprocessor) -> Handed:
    handed = step.parent.handed
    assert isinstance(handed, Handed), "the exporter's first pass comes before"
    return handed
