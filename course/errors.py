"""The root of the course's errors: every failure says what was expected, what was observed, what to try."""

from __future__ import annotations


class CourseError(Exception):
    """A failure in three parts, readable by a learner.

    Args:
        expected: what should have been true.
        observed: what was found in its place.
        try_next: the next thing to do, as a command or a sentence.
    """

    def __init__(self, expected: str, observed: str, try_next: str) -> None:
        super().__init__(expected, observed, try_next)
        self.expected = expected
        self.observed = observed
        self.try_next = try_next

    def __str__(self) -> str:
        return f"expected: {self.expected}\nobserved: {self.observed}\ntry next: {self.try_next}"

    def _render_traceback_(self) -> list[str]:
        """Let IPython show the three lines in the place of a traceback."""
        return [f"{type(self).__name__}", *str(self).splitlines()]
