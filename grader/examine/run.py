"""Running one submission on one session: each cell in its kernel, in order, each within its time."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from grader.examine.alignment import Plan, Step
from grader.examine.examination import Mark, Outcome
from grader.examine.executed import plain, without_source
from grader.examine.job import Budgets
from grader.examine.kernel.client import ExaminerKernel, GradedRun, GradedRuns
from grader.examine.source import SourceCell
from grader.examine.verdicts import Trouble, mark, trouble

_BUILDS = ("%%dockerfile", ".build(", "setup(")
"""What a cell says that may build; such a cell has the time of a build beside its own."""


TIME_IS_UP = GradedRun([], evalue="The time for the whole submission was up.", timed_out=True)


class CellRun(Protocol):
    """What one cell did in the submission kernel."""

    @property
    def outputs(self) -> list[dict[str, Any]]: ...
    @property
    def status(self) -> str: ...
    @property
    def ename(self) -> str: ...
    @property
    def evalue(self) -> str: ...


class LearnersKernel(Protocol):
    """Where the learner's cells run."""

    @property
    def folder(self) -> Path: ...
    @property
    def alive(self) -> bool: ...
    def run(self, source: str, seconds: float) -> CellRun: ...
    def fetch(self, name: str) -> bytes | None: ...
    def frozen(self) -> AbstractContextManager[None]: ...


@dataclass
class Ran:
    """What came of running a plan: outputs by position, a mark for each graded cell by name, what was odd."""

    outputs: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Runner:
    """Runs plans.

    Args:
        kernel: where graded cells run.
        budgets: what a submission may use.
        engine_answers: whether the engine answers now; asked after a check took too long.
        paused: for how long a graded cell runs; meanwhile the learner's session answers the learner nothing.
    """

    def __init__(
        self,
        kernel: ExaminerKernel,
        budgets: Budgets,
        engine_answers: Callable[[], bool],
        paused: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._kernel, self._budgets, self._engine_answers, self._paused = kernel, budgets, engine_answers, paused

    def run(self, plan: Plan, learners: LearnersKernel, environment: Mapping[str, str], until: float = math.inf) -> Ran:
        """Run every cell of a plan, in order.

        Args:
            plan: the cells.
            learners: the submission kernel, started.
            environment: of the graded cells: the session and the learner.
            until: when the time for everything is up (time.monotonic).
        """
        ran, troubles = Ran(), defaultdict[str, Trouble](Trouble)
        deadline = min(time.monotonic() + self._budgets.notebook_seconds, until)
        lasting = Trouble()  # an end of the kernel is felt by all exercises that follow
        graded = _Graded(self._kernel, environment)
        try:
            for position, step in enumerate(plan.steps):
                if step.kind != "code":
                    continue
                if step.is_graded and step.known is not None:
                    found = TIME_IS_UP
                    if until > time.monotonic():
                        with self._paused(), learners.frozen():
                            left = min(self._seconds_of_checks, max(until - time.monotonic(), 0.1))
                            found = graded.run(step.known, learners, left)
                    before = troubles[step.exercise].and_(lasting)
                    answers = not found.timed_out or self._engine_answers()
                    ran.marks[step.known.grade_id] = mark(step.known, found, before, engine_answers=answers)
                    ran.outputs[position] = without_source(step.known, found.outputs)
                elif learners.alive and (left := deadline - time.monotonic()) > 0:
                    cell = learners.run(step.source, min(self._seconds(step), left))
                    ran.outputs[position] = plain(cell.outputs)
                    felt = Trouble() if _is_as_given(step, cell) else trouble(cell.status, cell.ename, cell.evalue)
                    troubles[step.exercise] = troubles[step.exercise].and_(felt)
                    if not learners.alive:
                        lasting = felt if felt.outcome else Trouble(Outcome.KERNEL_DIED, cell.evalue)
                        ran.notes.append(f"The kernel ended in a cell of the learner's: {cell.evalue[:300]}")
                elif learners.alive and lasting.outcome is None:
                    lasting = Trouble(Outcome.TIMED_OUT, "The time for all cells together was up.")
                    ran.notes.append(f"The {self._budgets.notebook_seconds:g} s for all cells were up before the end.")
        finally:
            graded.close()
        return ran

    def _seconds(self, step: Step) -> float:
        builds = any(word in step.source for word in _BUILDS)
        return self._budgets.cell_seconds + (self._budgets.build_seconds if builds else 0)

    @property
    def _seconds_of_checks(self) -> float:
        return self._budgets.cell_seconds + self._budgets.build_seconds


def _is_as_given(step: Step, cell: CellRun) -> bool:
    """Whether an error comes from a starter that nobody touched: then the exercise was not attempted."""
    return cell.status == "error" and step.known is not None and step.source == step.known.released


class _Graded:
    """The forks of the examiner kernel for one submission: one, and another after one that ended."""

    def __init__(self, kernel: ExaminerKernel, environment: Mapping[str, str]) -> None:
        self._kernel, self._environment = kernel, environment
        self._fork: GradedRuns | None = None

    def run(self, cell: SourceCell, learners: LearnersKernel, seconds: float) -> GradedRun:
        if self._fork is None or not self._fork.alive:
            self._fork = self._kernel.fork(self._environment)
        return self._fork.run(cell.source, learners.folder, learners, seconds)

    def close(self) -> None:
        if self._fork is not None:
            self._fork.close()
