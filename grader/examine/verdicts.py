"""From what a graded cell did to its mark: the points by nbgrader's own rule, the outcome by what its checks found."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import nbformat

from grader.checks.grade import one_line
from grader.checks.result import Outcome as CheckOutcome
from grader.checks.result import Result, Verdict
from grader.examine.examination import Mark, Outcome
from grader.examine.kernel.client import GradedRun
from grader.examine.source import SourceCell

MOST_SAID = 1000
_BUILD = ("build.", "rebuild.")
_BUILD_ERRORS = frozenset({"BuildError", "BuildFailed"})
_REFUSED = re.compile(r"\b403 Client Error\b")
_TROUBLE = {
    "timed_out": Outcome.TIMED_OUT,
    "out_of_memory": Outcome.OUT_OF_MEMORY,
    "died": Outcome.KERNEL_DIED,
}
_WORDS = {
    Outcome.TIMED_OUT: "A cell of this exercise was not done when its time was up.",
    Outcome.OUT_OF_MEMORY: "A cell of this exercise needed more memory than there is.",
    Outcome.KERNEL_DIED: "The kernel ended before this exercise was done.",
    Outcome.BUILD_FAILED: "The build failed.",
    Outcome.REFUSED: "The session refused what was asked of it.",
}


@dataclass(frozen=True)
class Trouble:
    """What went wrong in the learner's own cells of one exercise; an empty outcome is nothing.

    Args:
        outcome: timed out, out of memory, kernel died, build failed or refused.
        said: in words.
    """

    outcome: Outcome | None = None
    said: str = ""

    def and_(self, later: Trouble) -> Trouble:
        """Of two, the one that weighs more: the end of the kernel before a time-out, that before an error."""
        return later if _weight(later.outcome) >= _weight(self.outcome) else self


def trouble(status: str, ename: str, evalue: str) -> Trouble:
    """What the end of one cell in the submission kernel means for its exercise."""
    if status in _TROUBLE:
        return Trouble(_TROUBLE[status], _said(_WORDS[_TROUBLE[status]], evalue))
    if ename in _BUILD_ERRORS:
        return Trouble(Outcome.BUILD_FAILED, _said(_WORDS[Outcome.BUILD_FAILED], evalue))
    if ename == "APIError" and _REFUSED.search(evalue):
        return Trouble(Outcome.REFUSED, _said(_WORDS[Outcome.REFUSED], evalue))
    return Trouble()


def _weight(outcome: Outcome | None) -> int:
    order = (None, Outcome.REFUSED, Outcome.BUILD_FAILED, Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY, Outcome.KERNEL_DIED)
    return order.index(outcome)


def points_of(cell: SourceCell, outputs: Sequence[dict[str, Any]]) -> float:
    """The points that nbgrader reads from the outputs of a graded cell (`nbgrader.utils.determine_grade`).

    Raises:
        ValueError: a value above the cell's points: a mistake of the check.
    """
    from nbgrader.utils import determine_grade

    node = nbformat.v4.new_code_cell(cell.source, outputs=[nbformat.from_dict(one) for one in outputs])
    node.metadata.nbgrader = nbformat.from_dict(dict(cell.metadata))
    return float(determine_grade(node)[0] or 0.0)


def mark(cell: SourceCell, run: GradedRun, before: Trouble, *, engine_answers: bool = True) -> Mark:
    """The mark of a graded cell.

    Args:
        cell: which.
        run: what it did.
        before: what went wrong in the learner's cells of the exercise.
        engine_answers: asked after a time-out: a hung engine is not the learner's fault.
    """
    results = tuple(result for verdict in run.verdicts for result in verdict.results)
    try:
        earned = points_of(cell, run.outputs)
    except ValueError as error:
        return unknown(cell, f"The check gave more points than its cell has: {error}", results)
    unknowable = next((v for v in run.verdicts if v.outcome is CheckOutcome.COULD_NOT_CHECK), None)
    if unknowable is not None:
        return unknown(cell, _decisive(unknowable), results)
    if run.died or (run.timed_out and not engine_answers):
        return unknown(cell, run.evalue, results)
    if not run.verdicts and run.ename not in ("", "AssertionError") and not run.timed_out:
        return unknown(cell, _said("The check itself failed.", f"{run.ename}: {run.evalue}"), results)
    outcome, said = _outcome(cell, run, earned, before)
    return Mark(
        cell=cell.grade_id,
        exercise=cell.exercise,
        outcome=outcome,
        earned=earned,
        points=cell.points,
        results=results,
        said=said,
    )


def unknown(cell: SourceCell, said: str, results: tuple[Result, ...] = ()) -> Mark:
    """The mark of a cell that could not be checked."""
    return Mark(
        cell=cell.grade_id,
        exercise=cell.exercise,
        outcome=Outcome.COULD_NOT_CHECK,
        earned=None,
        points=cell.points,
        results=results,
        said=said[:MOST_SAID],
    )


def _outcome(cell: SourceCell, run: GradedRun, earned: float, before: Trouble) -> tuple[Outcome, str]:
    if earned >= cell.points:
        return Outcome.PASSED, ""
    open_ = [verdict for verdict in run.verdicts if verdict.outcome is not CheckOutcome.PASSED]
    said = _decisive(open_[0]) if open_ else f"{run.ename}: {run.evalue}" if run.ename else "no points"
    if earned > 0:
        return Outcome.PARTLY, said
    if run.timed_out:
        return Outcome.TIMED_OUT, f"The checks were not done when their time was up. {run.evalue}"
    nothing = bool(open_) and all(verdict.outcome is CheckOutcome.NOT_ATTEMPTED for verdict in open_)
    first = open_[0].decisive.message if open_ else ""
    if first == "session.refused":
        return Outcome.REFUSED, said
    if first.startswith(_BUILD):
        return Outcome.BUILD_FAILED, said
    if before.outcome is not None:
        return before.outcome, _said(before.said, said)
    return (Outcome.NOT_ATTEMPTED if nothing else Outcome.FAILED), said


def _decisive(verdict: Verdict) -> str:
    shown = verdict.decisive
    parts = (("expected", shown.expected), ("observed", shown.observed), ("try next", shown.try_next))
    return _said(f"{shown.title}.", *(f"{name}: {one_line(text)}" for name, text in parts if text))


def _said(*parts: str) -> str:
    return "\n".join(part for part in parts if part)[:MOST_SAID]
