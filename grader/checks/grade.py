"""Turn the results of an exercise's checks into points, in the form that nbgrader 0.9.6 scores as meant.

nbgrader reads a graded cell's points from its output (`nbgrader.utils.determine_grade`): no output is full points, a
number is that many points, an error is none. Anything else that a cell may end in scores in surprising ways, so `grade`
keeps to these endings: no value for full points, a float strictly between for some, `CheckFailed` for none, and 0.0 for
what was not attempted, so that a lesson can be run from top to bottom before it is solved.
tests/classroom/test_nbgrader_scoring.py pins this.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from course.widgets.cells import running_cell
from grader.checks import bench
from grader.checks.check import Check
from grader.checks.messages import message
from grader.checks.result import Outcome, Result, Verdict
from grader.checks.trial import Trial

if TYPE_CHECKING:
    from course.widgets.exercise_card import ExerciseCard

HIDDEN = "-hidden"
"""How the exercise id of a cell of hidden tests ends."""

_collected: ContextVar[list[Part] | None] = ContextVar("collected", default=None)


class CheckFailed(AssertionError):
    """An exercise was tried and earned no points. Shown as the four lines of its decisive result, without a traceback.

    Args:
        verdict: all results; `decisive` is the one that is shown.
    """

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict)
        self.verdict = verdict

    @property
    def decisive(self) -> Result:
        """The result that a learner should look at first."""
        return self.verdict.decisive

    def __str__(self) -> str:
        return "\n".join(self._render_traceback_())

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback."""
        shown = self.decisive
        return [
            f"{shown.outcome.symbol} {shown.outcome.words}: {shown.title}",
            f"expected: {one_line(shown.expected)}",
            f"observed: {one_line(shown.observed)}",
            f"try next: {one_line(shown.try_next)}",
        ]


@dataclass(frozen=True)
class Part:
    """What one graded cell asks for its points.

    Raises:
        ValueError: no checks, no share at all, or points that are not above 0: a mistake of the lesson's author.
    """

    exercise: str
    checks: tuple[Check, ...]
    points: float

    def __post_init__(self) -> None:
        if not self.checks or self._total <= 0 or not 0 < self.points < float("inf"):
            raise ValueError(f"{self.exercise}: checks with a share, and points above 0, are needed")

    @property
    def _total(self) -> float:
        return sum(check.weight for check in self.checks)

    def run(self, trial: Trial) -> tuple[Result, ...]:
        """Ask every check, in order."""
        hidden = self.exercise.endswith(HIDDEN)
        return tuple(replace(check.run(trial), hidden=hidden) for check in self.checks)

    def earned(self, results: tuple[Result, ...]) -> float:
        """The points that these results give."""
        counted = [result for result in results if not result.advice]
        if any(result.required and not result.passed for result in counted):
            return 0.0
        return _points(sum(result.weight for result in counted if result.passed) / self._total, self.points)


class CouldNotCheck(CheckFailed):
    """A check had no answer because of the engine or the grader: no points yet, and not the learner's fault."""


def grade(exercise: str, *checks: Check, points: float) -> float | ExerciseCard | None:
    """Run the checks of an exercise, print one line each, and give its points to nbgrader.

    Args:
        exercise: the exercise id of course.toml.
        checks: asked in this order. Each has an equal share in the points unless `worth` gives it another.
        points: the points of this cell in nbgrader.

    Returns:
        None for full points; a float strictly between 0 and `points` for some of them; 0.0 if nothing was attempted.
        Where a front end shows the cell to a person: None for full points, else a card whose text is the points.

    Raises:
        CheckFailed: no points, although something was tried.
        CouldNotCheck: the engine or the grader failed before the points were certain.
        ValueError: no checks, no share at all, or points that are not above 0: a mistake of the lesson's author.
    """
    part = Part(exercise, checks, points)
    if (parts := _collected.get()) is not None:
        parts.append(part)
        return None
    return conclude(exercise, [part])


def conclude(exercise: str, parts: Sequence[Part], *, solves: bool = False) -> float | ExerciseCard | None:
    """Run the checks, hand the verdict on, show it, and end as nbgrader scores it; see `grade`.

    Args:
        exercise: its id.
        parts: what its graded cells ask.
        solves: whether the card may show the author's answer.
    """
    on = bench.current()
    verdict = judge_parts(exercise, parts)
    _hand_on(verdict, on)
    if is_seen():
        return _as_card(verdict, parts, on, solves=solves)
    points = verdict.points
    for result in verdict.results:
        print(line(result))
    if verdict.outcome is Outcome.COULD_NOT_CHECK:
        raise CouldNotCheck(verdict)
    if verdict.outcome is Outcome.NOT_ATTEMPTED:
        print(f"{exercise}: not attempted, 0 of {points:g} points")
        return 0.0
    if verdict.earned == 0:
        raise CheckFailed(verdict)
    if verdict.earned == points:
        print(f"{exercise}: {points:g} of {points:g} points")
        return None
    print(f"{exercise}: {verdict.earned:g} of {points:g} points")
    _print_next(verdict)
    return verdict.earned


def is_seen() -> bool:
    """Whether a front end shows the running cell to a person: it names the cell (nbclient and nbgrader name none)."""
    cell = running_cell()
    return cell is not None and cell.id is not None and not bench.in_examiner()


def _as_card(verdict: Verdict, parts: Sequence[Part], on: bench.Bench, *, solves: bool) -> ExerciseCard | None:
    """The same for a person: a card that ends the cell, or that is shown before it ends with full points.

    nbgrader takes the text of a cell's result for its points, and that of the card is the number.
    """
    from grader.checks.card import card_of  # loads the pictures, and docker-py with them

    def judge_again() -> Verdict:
        with bench.use(on):
            again = judge_parts(verdict.exercise, parts)
            _hand_on(again, on)
        return again

    shown = card_of(verdict, judge_again, solves=solves)
    if verdict.earned < verdict.points:
        return shown
    from IPython.display import display

    display(shown)
    return None


@contextmanager
def collecting() -> Iterator[list[Part]]:
    """Inside this block `grade` runs nothing: what it would ask is in the list."""
    parts: list[Part] = []
    token = _collected.set(parts)
    try:
        yield parts
    finally:
        _collected.reset(token)


def judge(exercise: str, *checks: Check, points: float) -> Verdict:
    """Run the checks of an exercise on the current bench and work out its points. Prints and records nothing."""
    return judge_parts(exercise, [Part(exercise, checks, points)])


def judge_parts(exercise: str, parts: Sequence[Part]) -> Verdict:
    """Run the checks of one or more graded cells in one trial, and give one verdict on all of them."""
    with Trial(lesson=exercise.partition("-")[0]) as trial:
        answered = [(part, part.run(trial)) for part in parts]
    counted = [result for _, results in answered for result in results if not result.advice]
    unknown = any(result.outcome is Outcome.COULD_NOT_CHECK for result in counted)
    points = float(sum(part.points for part in parts))
    earned = 0.0 if unknown else sum(part.earned(results) for part, results in answered)
    if unknown:
        outcome = Outcome.COULD_NOT_CHECK
    elif earned == points:
        outcome = Outcome.PASSED
    elif all(result.outcome in (Outcome.NOT_ATTEMPTED, Outcome.PASSED) for result in counted) and earned == 0:
        outcome = Outcome.NOT_ATTEMPTED
    else:
        outcome = Outcome.FAILED
    return Verdict(exercise, outcome, earned, points, tuple(result for _, results in answered for result in results))


def line(result: Result) -> str:
    """The printed line of a result: a sign, a word, what was asked, and on failure what was observed."""
    if result.advice and not result.passed:
        return f"• advice: {result.title}: {one_line(result.observed)}"
    text = f"{result.outcome.symbol} {result.outcome.words}: {result.title}"
    return text if result.passed else f"{text} — {one_line(result.observed)}"


def one_line(text: str) -> str:
    """The lines of a log joined into one, so that a message stays short."""
    return " / ".join(part.strip() for part in text.splitlines() if part.strip())


def _points(share: float, points: float) -> float:
    """Points for a share, to a hundredth, never rounded into nothing or into all."""
    if share <= 0:
        return 0.0
    if share >= 1 - 1e-9:
        return float(points)
    step = min(0.01, points / 1000)
    return min(max(round(share * points, 2), step), points - step)


def _print_next(verdict: Verdict) -> None:
    shown = verdict.decisive
    for part, text in (("expected", shown.expected), ("observed", shown.observed), ("try next", shown.try_next)):
        print(f"{part}: {one_line(text)}")


def _hand_on(verdict: Verdict, on: bench.Bench) -> None:
    """Give the verdict to the examiner, or to the learner's progress, without which a lesson goes on."""
    if on.sink is not None:
        on.sink.take(verdict)
    elif path := os.environ.get("SLIPWAY_VERDICTS"):
        with Path(path).open("ab") as lines:
            lines.write(verdict.to_json() + b"\n")
    if bench.in_examiner() or not on.records_progress or verdict.outcome is Outcome.COULD_NOT_CHECK:
        return
    try:
        from course import progress

        progress.record_check(verdict.exercise, verdict.earned, verdict.points)
    except Exception as error:  # progress is a convenience: a full disk must not change what a check says
        said = message("grader.no_progress", reason=f"{type(error).__name__}: {error}")
        print(f"• {said.observed}")
