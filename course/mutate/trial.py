"""Run the mutants of an exercise, and sort them: caught, survived with a reason, survived without one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from course.lint.finding import Finding
from course.mutate.mutants import SURVIVORS_FILE, explained, mutants
from course.proof.attempt import Prover

STARTER_SECONDS = 20.0
"""A fault may make an answer wait for ever, as a container without `detach` does; then its cell is interrupted."""


@dataclass(frozen=True)
class Sorted:
    """What became of the mutants of one exercise; each tuple holds their names."""

    exercise: str
    caught: tuple[str, ...]
    explained: tuple[str, ...]
    survived: tuple[str, ...]
    stale: tuple[str, ...]

    @property
    def total(self) -> int:
        return len(self.caught) + len(self.explained) + len(self.survived)

    def findings(self, lesson: str) -> list[Finding]:
        """A finding for each survivor without a reason, and for each reason without a survivor."""
        return [
            *(
                Finding(lesson, name, "a check that catches this fault", "full marks",
                        f"add a check or a bullet to the goal, or explain it in {SURVIVORS_FILE}")
                for name in self.survived
            ),
            *(
                Finding(lesson, name, f"a survivor for each entry of {SURVIVORS_FILE}", "it is caught, or not derived",
                        "remove the entry")
                for name in self.stale
            ),
        ]  # fmt: skip


def sort_mutants(prover: Prover, exercise_id: str, seen: Callable[[str, bool], None] | None = None) -> Sorted:
    """Run every mutant of an exercise.

    Args:
        prover: of the exercise's lesson, already entered.
        exercise_id: the exercise.
        seen: called after each mutant with its name and whether it got full marks.
    """
    reasons = {entry.mutant for entry in explained(prover.lesson, exercise_id)}
    caught: list[str] = []
    alive: list[str] = []
    for mutant in mutants(prover.notebook.exercise(exercise_id)):
        attempt = prover.attempt(mutant, until_marks_are_lost=True, starter_seconds=STARTER_SECONDS)
        full = attempt.earned == attempt.points
        (alive if full else caught).append(mutant.name)
        if seen is not None:
            seen(mutant.name, full)
    return Sorted(
        exercise_id,
        tuple(caught),
        tuple(name for name in alive if name in reasons),
        tuple(name for name in alive if name not in reasons),
        tuple(sorted(reasons - set(alive))),
    )
