"""A check: a question about the engine that is asked only when it is run, and answers with a result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from grader.checks.faults import OF_LEARNERS, fault_of
from grader.checks.messages import Message, after, message
from grader.checks.result import Outcome, Result
from grader.checks.trial import Trial

Question = Callable[[Trial], str]
"""Asks the engine. Returns what was observed when all is well; raises `Unmet` when it is not."""


class Unmet(Exception):
    """The answer of a question that did not come out well. Raised inside checks only; never reaches a learner."""

    def __init__(self, outcome: Outcome, message_id: str, **facts: object) -> None:
        super().__init__(outcome, message_id)
        self.outcome = outcome
        self.message = message(message_id, **facts)

    @classmethod
    def of(cls, result: Result) -> Unmet:
        """The answer of another check, as the answer of this one."""
        unmet = cls.__new__(cls)
        Exception.__init__(unmet, result.outcome, result.message)
        unmet.outcome = result.outcome
        unmet.message = Message(result.message, result.expected, result.observed, result.try_next)
        return unmet


def failed(message_id: str, **facts: object) -> Unmet:
    """The learner tried, and it is not right yet."""
    return Unmet(Outcome.FAILED, message_id, **facts)


def not_attempted(message_id: str, **facts: object) -> Unmet:
    """There is nothing to look at yet."""
    return Unmet(Outcome.NOT_ATTEMPTED, message_id, **facts)


def could_not_check(message_id: str, **facts: object) -> Unmet:
    """The engine or the grader failed, not the learner."""
    return Unmet(Outcome.COULD_NOT_CHECK, message_id, **facts)


@dataclass(frozen=True)
class Check:
    """One question, with its share in the points. Nothing happens before `run`.

    Args:
        id: `subject.method`.
        title: the question in words.
        question: asks the engine.
        weight: the share in the points of the exercise.
        is_required: when it does not pass, the exercise earns nothing.
        is_advice: shown, never counted.
    """

    id: str
    title: str
    question: Question
    weight: float = 1.0
    is_required: bool = False
    is_advice: bool = False

    def worth(self, weight: float) -> Check:
        """The same check with another share in the points; 0 shows it without counting it.

        Raises:
            ValueError: a negative share, or one that is not a finite number.
        """
        if not 0 <= weight < float("inf"):
            raise ValueError(f"a share is a number from 0, not {weight!r}")
        return replace(self, weight=float(weight))

    def required(self) -> Check:
        """The same check as a condition: when it does not pass, the exercise earns nothing."""
        return replace(self, is_required=True)

    def advice(self) -> Check:
        """The same check as a hint: it is shown, and its answer never counts."""
        return replace(self, is_advice=True, weight=0.0)

    def after(self, evidence: Check) -> Check:
        """The same check, asked only when another one passes; until then nothing was attempted, and its line says so.

        For exercises on things that the set-up made:
        `web.state("running").after(checks.journal().shows("start", "web"))`.
        """

        def question(trial: Trial) -> str:
            first = evidence.run(trial)
            if first.outcome is Outcome.COULD_NOT_CHECK or first.passed:
                return self.question(trial)
            observed = after(first.title, first.observed)
            raise Unmet.of(replace(first, outcome=Outcome.NOT_ATTEMPTED, observed=observed))

        return replace(self, question=question)

    def titled(self, title: str) -> Check:
        """The same check with the author's own words for what it asks."""
        return replace(self, title=title)

    def run(self, trial: Trial | None = None) -> Result:
        """Ask, and answer. Everything that the check started is removed before this returns.

        Args:
            trial: what the checks of one exercise share; without it the check has one of its own.
        """
        if trial is not None:
            return self._answer(trial)
        with Trial() as own:
            return self._answer(own)

    def _answer(self, trial: Trial) -> Result:
        try:
            observed = self.question(trial)
        except Unmet as unmet:
            said = unmet.message
            answer = Result(self.id, self.title, unmet.outcome, said.id, said.expected, said.observed, said.try_next)
        except Exception as error:
            said = fault_of(error, trial.bench.path("."))  # re-raises what is no fault of the engine or learner: a bug
            outcome = Outcome.FAILED if said.id in OF_LEARNERS else Outcome.COULD_NOT_CHECK
            answer = Result(self.id, self.title, outcome, said.id, said.expected, said.observed, said.try_next)
        else:
            answer = Result(self.id, self.title, Outcome.PASSED, observed=observed)
        return answer.weighted(self.weight, required=self.is_required, advice=self.is_advice)
