"""Marks as CSV: nbgrader's columns, or Canvas's; every name quoted as CSV asks, in UTF-8."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.plugins.export import ExportPlugin

from grader.classroom.shown import shown

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


CANVAS_COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
MOODLE_COLUMNS = ("First name", "Last name", "ID number", "Email address")
_FORMULA = tuple("=+-@|%\t\r\n＝＋－＠")  # spreadsheets of East Asia read the wide ones too


@dataclass(frozen=True)
class MarksTable:
    """A table of marks.

    Args:
        columns: the heading.
        rows: by column.
    """

    columns: tuple[str, ...]
    rows: list[dict[str, object]]


class GradesCsv(ExportPlugin):  # type: ignore[misc]  # nbgrader has no types
    """nbgrader's own table (0.9.6, `CsvExportPlugin`), which breaks on a comma in a name.

    `nbgrader export` uses it by the workspace's configuration, `grader export` by `write_table`.
    """

    def export(self, gradebook: Gradebook) -> None:
        """Write the table to the option `to`, `grades.csv` by default."""
        write_table(marks(gradebook, self.assignment, self.student), Path(self.to or "grades.csv"))


def marks(book: Gradebook, lessons: Sequence[str] = (), students: Sequence[str] = ()) -> MarksTable:
    """One line for each learner and lesson; who did not submit has 0.

    Args:
        book: nbgrader's gradebook, open.
        lessons, students: only these; all by default.
    """
    rows = [
        _row(book, assignment, student)
        for assignment in book.assignments
        for student in book.students
        if (not lessons or assignment.name in lessons) and (not students or student.id in students)
    ]
    return MarksTable(COLUMNS, rows)


def canvas(book: Gradebook, lessons: Sequence[str] = (), students: Sequence[str] = ()) -> MarksTable:
    """One line for each learner and one column for each lesson, as Canvas's gradebook imports it.

    Canvas finds a learner by `SIS Login ID` (here the roster's id) and takes new columns as new assignments; the first
    line below the heading says what each is out of (Canvas Instructor Guide, "How do I import grades in the
    Gradebook?"). Who did not submit has an empty cell, which Canvas leaves as it is.
    """
    chosen = [one for one in book.assignments if not lessons or one.name in lessons]
    columns = (*CANVAS_COLUMNS, *(one.name for one in chosen))
    rows: list[dict[str, object]] = [{"Student": "    Points Possible", **{one.name: one.max_score for one in chosen}}]
    for student in book.students:
        if students and student.id not in students:
            continue
        name = ", ".join(part for part in (student.last_name, student.first_name) if part)
        row: dict[str, object] = {"Student": _text(name or student.id), "SIS Login ID": _text(student.id)}
        rows.append(row | _marks_of(book, chosen, student.id))
    return MarksTable(columns, rows)


def moodle(book: Gradebook, lessons: Sequence[str] = (), students: Sequence[str] = ()) -> MarksTable:
    """One line for each learner and one column for each lesson, for Moodle's "Import grades: CSV file".

    Moodle finds a learner by `ID number` (here the roster's id) or `Email address`, and each lesson's column is mapped
    to a grade item once (Moodle docs, "Grade import"). Who did not submit has an empty cell, which changes nothing.
    """
    chosen = [one for one in book.assignments if not lessons or one.name in lessons]
    rows: list[dict[str, object]] = []
    for student in book.students:
        if students and student.id not in students:
            continue
        row: dict[str, object] = {
            "First name": _text(student.first_name or ""),
            "Last name": _text(student.last_name or ""),
            "ID number": _text(student.id),
            "Email address": _text(student.email or ""),
        }
        rows.append(row | _marks_of(book, chosen, student.id))
    return MarksTable((*MOODLE_COLUMNS, *(one.name for one in chosen)), rows)


def _marks_of(book: Gradebook, chosen: Sequence[Any], student: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for assignment in chosen:
        try:
            submission = book.find_submission(assignment.name, student)
        except MissingEntry:
            continue
        found[assignment.name] = max(0.0, submission.score - (submission.late_submission_penalty or 0.0))
    return found


FORMATS: dict[str, Callable[[Gradebook, Sequence[str]], MarksTable]] = {
    "csv": marks,
    "canvas": canvas,
    "moodle": moodle,
}


def write_table(table: MarksTable, target: Path) -> None:
    """Write a table, whole or not at all."""
    part = target.with_name(f"{target.name}.part")
    with part.open("w", encoding="utf-8", newline="") as file:
        lines = csv.DictWriter(file, table.columns, restval="")
        lines.writeheader()
        lines.writerows(table.rows)
    part.replace(target)


def _text(text: str) -> str:
    """A name that a spreadsheet takes for a name: one that begins like a formula gets an apostrophe before it."""
    plain = shown(text)
    return f"'{plain}" if text.lstrip().startswith(_FORMULA) or text.startswith(_FORMULA) else plain


def is_changed(text: str) -> bool:
    """Whether a table has this id in another form, by which a platform does not find it."""
    return _text(text) != text


def _row(book: Gradebook, assignment: Any, student: Any) -> dict[str, object]:
    row = {name: _text(getattr(student, name) or "") for name in ("first_name", "last_name", "email")}
    row |= {"assignment": _text(assignment.name), "duedate": assignment.duedate or "", "student_id": _text(student.id)}
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
