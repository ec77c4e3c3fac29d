"""What the `grader` command shows of a class: tables for people, data for scripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from grader.classroom.class_run import Graded
from grader.classroom.gradebook import Score
from grader.classroom.shown import shown
from grader.examine.examination import Outcome


@dataclass(frozen=True)
class Row:
    """One submission of the table.

    Args:
        student: the learner's id.
        state: "graded", "unchanged", "could not be checked", "failed", or "not taken" for a hand-in that is nobody's.
        scores: as the gradebook has them now.
        note: what to know or to do, "" for nothing.
        tries: how often it was examined in this run.
        is_odd: something was handed in for this id that was not taken.
    """

    student: str
    state: str
    scores: tuple[Score, ...] = ()
    note: str = ""
    tries: int = 0
    is_odd: bool = False

    @property
    def points(self) -> float:
        """The points of all cells; what a person gave wins."""
        return sum(score.points for score in self.scores)

    @property
    def needs_a_look(self) -> bool:
        """Whether a cell waits for a person."""
        return any(score.needs_a_look for score in self.scores)

    @property
    def out_of(self) -> float:
        """The points that could be had."""
        return sum(score.out_of for score in self.scores)


def rows(
    graded: Iterable[Graded],
    unchanged: Iterable[str],
    older: Iterable[str],
    book: Mapping[str, Mapping[str, Score]],
    notes: Mapping[str, Iterable[str]],
) -> list[Row]:
    """One row for each submission, by learner, with the points that the gradebook has.

    Args:
        graded: what was done in this run.
        unchanged: the learners with nothing left to do.
        older: those of them who were graded by other tests than the lesson has now.
        book: the gradebook's points.
        notes: what was odd about those that were examined before.
    """
    made = [_row(one, tuple(book.get(one.submission.student, {}).values())) for one in graded]
    old = set(older)
    for student in unchanged:
        known = ["graded by other tests than the lesson has now"] if student in old else []
        note = "; ".join([*known, *notes.get(student, ())])
        made.append(Row(student, "unchanged", tuple(book.get(student, {}).values()), note))
    return sorted(made, key=lambda row: row.student)


def _row(one: Graded, scores: tuple[Score, ...]) -> Row:
    student = one.submission.student
    if one.examination is None or one.failure:
        old = "the points are those of an earlier hand-in" if scores else ""
        return Row(student, "failed", scores, "; ".join(filter(None, [one.failure, old])), one.tries)
    unknown = [mark.exercise or mark.cell for mark in one.examination.marks if mark.earned is None]
    if unknown:
        note = f"{', '.join(dict.fromkeys(unknown))}: costs nothing, and the next run tries again"
        return Row(student, Outcome.COULD_NOT_CHECK.words, scores, note, one.tries)
    look = [score.cell for score in scores if score.needs_a_look]
    notes = [f"look at {', '.join(look)}"] if look else []
    return Row(student, "graded", scores, "; ".join([*notes, *one.examination.notes]), one.tries)


def with_odd(
    table_of: list[Row], odd: Mapping[str, Iterable[str]], book: Mapping[str, Mapping[str, Score]]
) -> list[Row]:
    """The table with what could not be taken: as a note in the row of that id, or as a row of its own."""
    known = {row.student: row for row in table_of}
    for student, notes in odd.items():
        row = known.get(student) or Row(student, "not taken", tuple(book.get(student, {}).values()))
        known[student] = replace(row, note="; ".join(filter(None, [row.note, *notes])), is_odd=True)
    return sorted(known.values(), key=lambda row: row.student)


_WITHOUT_MARKS = ("failed", "not taken")
_SYMBOLS = {"graded": "✓", "unchanged": "·", "failed": "✗"}


def show(table_of: list[Row], console: Console) -> None:
    """Print the table, and below it what failed in full."""
    table = Table("learner", "points", "of", "", "", box=None)
    for row in table_of:
        first = escape(shown(row.note.partition("\n")[0])) if row.state not in _WITHOUT_MARKS else ""
        state = f"{_SYMBOLS.get(row.state, '!')} {row.state}"
        table.add_row(escape(shown(row.student)), f"{row.points:g}", f"{row.out_of:g}", state, first)
    console.print(table)
    for row in table_of:
        if row.state in _WITHOUT_MARKS:
            text = f"\n{shown(row.student)}\n{shown(row.note, lines=True)}"
            console.print(text, markup=False, highlight=False, soft_wrap=True)


def as_data(table_of: list[Row]) -> list[dict[str, Any]]:
    """The same for scripts."""
    return [
        {
            "student": row.student,
            "state": row.state,
            "points": row.points,
            "out_of": row.out_of,
            "note": row.note,
            "failure": row.note if row.state in _WITHOUT_MARKS else "",
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
