"""A platform's own file of marks, filled in: Canvas's gradebook export, Moodle's grading worksheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from grader.classroom.collecting.platform import find_learner
from grader.classroom.errors import BadDownload
from grader.classroom.roster import Learner
from grader.classroom.table import MarksTable

# the columns that say who a line is about, the surest first
_WHO = (
    *("SIS Login ID", "SIS User ID", "Username", "ID number", "Email address", "Email"),
    *("Student", "Full name", "Name"),
)
_MOODLE = "Grade"  # of a worksheet, which is of one assignment


def fill(
    file: Path, marks: Mapping[str, Mapping[str, float]], roster: Sequence[Learner]
) -> tuple[MarksTable, list[str]]:
    """Put marks into a copy of a platform's file; all else stays as it is there.

    Args:
        file: the platform's, CSV in UTF-8.
        marks: by lesson and learner.
        roster: whom its lines can be about.

    Returns:
        The table, and what could not be filled in, one sentence each.

    Raises:
        BadDownload: it cannot be read, or has no column of any of the lessons.
    """
    try:
        lines = list(csv.reader(io.StringIO(file.read_text("utf-8-sig"))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadDownload(
            "a platform's file of marks, CSV in UTF-8", str(error), "export it from there again"
        ) from error
    heading = tuple(lines[0]) if lines else ()
    columns = {lesson: column for lesson in marks if (column := _column(heading, lesson, len(marks))) is not None}
    if not columns:
        wanted = " or ".join(marks)
        raise BadDownload(f"a column for {wanted}", ", ".join(heading) or "nothing", "name it so on the platform")
    said, met, rows = [], set(), []
    for line in lines[1:]:
        row: dict[str, object] = dict(zip(heading, line, strict=False))
        learner = _learner(row, roster)
        if learner is not None:
            met.add(learner.id)
            row |= {
                column: f"{marks[lesson][learner.id]:g}"
                for lesson, column in columns.items()
                if learner.id in marks[lesson]
            }
        elif "Points Possible" not in str(row.get("Student", "")):
            said.append(f"nobody of the roster: {', '.join(str(row[key]) for key in _WHO if row.get(key))}")
        rows.append(row)
    absent = sorted({who for lesson in columns for who in marks[lesson]} - met)
    said += [f"{who} has marks and no line in {file.name}" for who in absent]
    return MarksTable(heading, rows), said


def _column(heading: Sequence[str], lesson: str, lessons: int) -> str | None:
    """Canvas writes `L01-containers (1234)`, Moodle's grader report `Assignment: L01-containers (Real)`."""
    exact = [name for name in heading if name == lesson]
    holding = exact or [name for name in heading if lesson in name]
    if not holding and lessons == 1 and _MOODLE in heading:
        return _MOODLE
    return holding[0] if len(holding) == 1 else None


def _learner(row: Mapping[str, object], roster: Sequence[Learner]) -> Learner | None:
    for key in _WHO:
        text = str(row.get(key) or "").strip().removeprefix("'")
        learner = find_learner(text, roster)[0] if text else None
        if learner is not None:
            return learner
    return None
