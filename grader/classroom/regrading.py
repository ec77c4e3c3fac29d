"""What other tests change for whom, before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from grader.classroom.examining import Came
from grader.classroom.gradebook import Score
from grader.classroom.keeping import Keeping
from grader.classroom.shown import shown
from grader.classroom.submission import Submission
from grader.examine.examination import Mark


@dataclass(frozen=True)
class Again:
    """A submission that was examined by the tests of now; its examination is in the archive, not in memory.

    Args:
        submission: which.
        marks: the new ones; empty after a failure.
        why: there are none.
        tries: how often it was examined.
    """

    submission: Submission
    marks: tuple[Mark, ...] = ()
    why: str = ""
    tries: int = 1

    @classmethod
    def of(cls, came: Came) -> Self:
        """What is to be remembered of it."""
        return cls(came.submission, came.examination.marks if came.examination else (), came.why, came.tries)

    def came(self, keeping: Keeping) -> Came:
        """The whole of it, from the archive."""
        examination = keeping.latest(self.submission.lesson, self.submission.student) if self.marks else None
        return Came(self.submission, examination, self.why, self.tries)


@dataclass(frozen=True)
class Change:
    """One cell whose points change.

    Args:
        student: the learner's id.
        cell: the graded cell.
        before: the automatic points in the gradebook; None where there are none.
        after: the new ones; None where the cell is gone or could not be checked.
        counts: whether the learner's total changes with it: not where a person gave a score.
        said: what the learner will read.
    """

    student: str
    cell: str
    before: float | None
    after: float | None
    counts: bool
    said: str = ""

    def as_data(self) -> dict[str, Any]:
        """For scripts."""
        return asdict(self)


def changes(again: Iterable[Again], book: Mapping[str, Mapping[str, Score]]) -> list[Change]:
    """What would change, by learner and cell; what could not be checked changes nothing."""
    found = []
    for one in sorted(again, key=lambda one: one.submission.student):
        before = dict(book.get(one.submission.student, {}))
        for mark in one.marks:
            score = before.pop(mark.cell, None)
            auto = score.auto if score else None
            if mark.earned is not None and mark.earned != auto:
                counts = score is None or score.manual is None
                found.append(Change(one.submission.student, mark.cell, auto, mark.earned, counts, mark.said))
        if one.marks:
            gone = [score for score in before.values() if score.auto is not None]
            found.extend(Change(one.submission.student, s.cell, s.auto, None, s.manual is None) for s in gone)
    return found


def show_changes(found: list[Change], failed: list[Again], console: Console) -> None:
    """Print what changes for whom, and who could not be examined."""
    if not found:
        console.print("no mark changes")
    else:
        table = Table("learner", "cell", "was", "becomes", "", box=None)
        for change in found:
            note = change.said if change.counts else "a manual score stays"
            said = escape(shown(note.partition("\n")[0]))
            table.add_row(
                escape(shown(change.student)), escape(change.cell), *map(_points, (change.before, change.after)), said
            )
        console.print(table)
    for one in failed:
        console.print(f"✗ {shown(one.submission.student)}: {shown(one.why, lines=True)}", markup=False, highlight=False)


def _points(points: float | None) -> str:
    return "–" if points is None else f"{points:g}"
