"""Marks as CSV: nbgrader's columns, with every name quoted as CSV asks, in UTF-8."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.plugins.export import ExportPlugin

COLUMNS = (
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
)


class GradesCsv(ExportPlugin):  # type: ignore[misc]  # nbgrader has no types
    """nbgrader's own table (0.9.6, `CsvExportPlugin`), which breaks on a comma in a name.

    `nbgrader export` uses it by the workspace's configuration, `grader export` by `write_marks`.
    """

    def export(self, gradebook: Gradebook) -> None:
        """Write the table to the option `to`, `grades.csv` by default."""
        write_marks(gradebook, Path(self.to or "grades.csv"), self.assignment, self.student)


def write_marks(book: Gradebook, target: Path, lessons: Any = (), students: Any = ()) -> int:
    """Write one line for each learner and lesson; who did not submit has 0.

    Args:
        book: nbgrader's gradebook, open.
        target: the CSV file.
        lessons, students: only these; all by default.

    Returns:
        The number of lines without the heading.
    """
    rows = [
        _row(book, assignment, student)
        for assignment in book.assignments
        for student in book.students
        if (not lessons or assignment.name in lessons) and (not students or student.id in students)
    ]
    with target.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)
    return len(rows)


def _row(book: Gradebook, assignment: Any, student: Any) -> dict[str, object]:
    row = {name: getattr(student, name) or "" for name in ("first_name", "last_name", "email")}
    row |= {"assignment": assignment.name, "duedate": assignment.duedate or "", "student_id": student.id}
    row |= {"max_score": assignment.max_score}
    try:
        submission = book.find_submission(assignment.name, student.id)
    except MissingEntry:
        return {**row, "timestamp": "", "raw_score": 0.0, "late_submission_penalty": 0.0, "score": 0.0}
    penalty = submission.late_submission_penalty or 0.0
    return {
        **row,
        "timestamp": submission.timestamp or "",
        "raw_score": submission.score,
        "late_submission_penalty": penalty,
        "score": max(0.0, submission.score - penalty),
    }
