"""What a check found out, as data: one result a check, one verdict an exercise. Both survive a trip through JSON."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import msgspec


class Outcome(StrEnum):
    """The four answers that a check can give. Only `PASSED` earns points; `COULD_NOT_CHECK` never costs any."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_ATTEMPTED = "not_attempted"
    COULD_NOT_CHECK = "could_not_check"

    @property
    def symbol(self) -> str:
        """A sign for the printed line; the word stands beside it, so the sign is never alone."""
        return {"passed": "✓", "failed": "✗", "not_attempted": "○", "could_not_check": "!"}[self.value]

    @property
    def words(self) -> str:
        """The outcome as a reader sees it: `not attempted`, not `not_attempted`."""
        return self.value.replace("_", " ")


@dataclass(frozen=True)
class Result:
    """The answer of one check.

    Args:
        check: the id of the check, `subject.method`, as in the table of README.md.
        title: what was asked, in words.
        outcome: one of the four answers.
        message: the id of the message in messages.toml; empty when the check passed.
        expected: what should have been true; empty when the check passed.
        observed: what was found. Text from images, logs and names is escaped and cut before it gets here.
        try_next: where to look next; empty when the check passed.
        weight: the share that this check has in the points of its exercise.
        required: without it the exercise earns nothing.
        advice: a hint that is shown and never counts.
        hidden: it belongs to the tests that a class sees only as marks.
    """

    check: str
    title: str
    outcome: Outcome
    message: str = ""
    expected: str = ""
    observed: str = ""
    try_next: str = ""
    weight: float = 1.0
    required: bool = False
    advice: bool = False
    hidden: bool = False

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.PASSED

    def weighted(self, weight: float, *, required: bool, advice: bool) -> Result:
        """The same answer with the share that the check has in its exercise."""
        return replace(self, weight=weight, required=required, advice=advice)


@dataclass(frozen=True)
class Verdict:
    """All results of one exercise and the points that follow from them.

    Args:
        exercise: the exercise id of course.toml, such as `L01-stay-up`.
        outcome: `passed` for full points; `failed` for fewer; `not_attempted` when nothing was tried;
            `could_not_check` when one check had no answer and no other decided the exercise.
        earned: the points earned.
        points: the points that the exercise is worth.
        results: one for each check, in order.
    """

    exercise: str
    outcome: Outcome
    earned: float
    points: float
    results: tuple[Result, ...]

    @property
    def decisive(self) -> Result:
        """The result to show first: one without an answer, a failed condition, another failure, one not attempted.

        Raises:
            ValueError: every check passed.
        """

        def rank(result: Result) -> tuple[bool, bool, bool]:
            tried = result.outcome is Outcome.FAILED
            return (result.outcome is not Outcome.COULD_NOT_CHECK, not (tried and result.required), not tried)

        return min((result for result in self.results if not result.advice and not result.passed), key=rank)

    def to_json(self) -> bytes:
        """One line of JSON, without a line end."""
        return msgspec.json.encode(self)

    @classmethod
    def from_json(cls, text: bytes | str) -> Verdict:
        """Read what `to_json` wrote.

        Raises:
            msgspec.ValidationError: a field is missing, of the wrong type, or has an unknown outcome.
        """
        return msgspec.json.decode(text, type=cls)
