"""What `grader lesson` finds: where, what was expected, what is there, and how to fix it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Finding:
    """One invariant of a lesson that does not hold.

    Args:
        lesson: the lesson's folder name, or `course` for the whole.
        where: a cell id, an exercise id or a file.
        expected: the invariant.
        observed: what is there.
        fix: what an author does about it.
    """

    lesson: str
    where: str
    expected: str
    observed: str
    fix: str

    def __str__(self) -> str:
        return f"{self.lesson} {self.where}: expected {self.expected}; found {self.observed}. Fix: {self.fix}."
