"""What the `grader` command shows of a class: tables for people, data for scripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from grader.classroom.class_run import Graded
from grader.classroom.gradebook import Score
from grader.examine.examination import Outcome


@dataclass(frozen=True)
class Row:
    """One submission of the table.

    Args:
        student: the learner's id.
        state: "graded", "unchanged", "could not be checked" or "failed".
        scores: as the gradebook has them now.
        note: what to know or to do, "" for nothing.
        tries: how often it was examined in this run.
    """

    student: str
    state: str
    scores: tuple[Score, ...] = ()
    note: str = ""
    tries: int = 0

    @property
    def points(self) -> float:
        """The points of all cells; what a person gave wins."""
        return sum(score.points for score in self.scores)

    @property
    def out_of(self) -> float:
        """The points that could be had."""
        return sum(score.out_of for score in self.scores)


def rows(
    graded: Iterable[Graded], unchanged: Iterable[str], older: Iterable[str], book: Mapping[str, Mapping[str, Score]]
) -> list[Row]:
    """One row for each submission, by learner, with the points that the gradebook has."""
    made = [_row(one, tuple(book.get(one.submission.student, {}).values())) for one in graded]
    old = set(older)
    for student in unchanged:
        note = "graded by other tests than the lesson has now" if student in old else ""
        made.append(Row(student, "unchanged", tuple(book.get(student, {}).values()), note))
    return sorted(made, key=lambda row: row.student)


def _row(one: Graded, scores: tuple[Score, ...]) -> Row:
    student = one.submission.student
    if one.examination is None or one.failure:
        return Row(student, "failed", (), one.failure, one.tries)
    unknown = [mark.exercise or mark.cell for mark in one.examination.marks if mark.earned is None]
    if unknown:
        note = f"{', '.join(dict.fromkeys(unknown))}: costs nothing, and the next run tries again"
        return Row(student, Outcome.COULD_NOT_CHECK.words, scores, note, one.tries)
    look = [score.cell for score in scores if score.needs_a_look]
    notes = [f"look at {', '.join(look)}"] if look else []
    return Row(student, "graded", scores, "; ".join([*notes, *one.examination.notes]), one.tries)


_SYMBOLS = {"graded": "✓", "unchanged": "·", "failed": "✗"}


def show(table_of: list[Row], console: Console) -> None:
    """Print the table, and below it what failed in full."""
    table = Table("learner", "points", "of", "", "", box=None)
    for row in table_of:
        first = escape(row.note.partition("\n")[0]) if row.state != "failed" else ""
        state = f"{_SYMBOLS.get(row.state, '!')} {row.state}"
        table.add_row(escape(row.student), f"{row.points:g}", f"{row.out_of:g}", state, first)
    console.print(table)
    for row in table_of:
        if row.state == "failed":
            console.print(f"\n{row.student}\n{row.note}", markup=False, highlight=False)


def as_data(table_of: list[Row]) -> list[dict[str, Any]]:
    """The same for scripts."""
    return [
        {
            "student": row.student,
            "state": row.state,
            "points": row.points,
            "out_of": row.out_of,
            "note": row.note,
            "failure": row.note if row.state == "failed" else "",
            "tries": row.tries,
            "scores": [asdict(score) for score in row.scores],
        }
        for row in table_of
    ]


def progress(console: Console, *, quiet: bool) -> Progress:
    """A line with what is done, what there is, and the time that is left."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, disable=quiet)
