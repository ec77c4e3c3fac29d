"""Run the mutants of an exercise, and sort them: caught, survived with a reason, survived without one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from course import notebooks
from course.manifest import Lesson
from grader.authoring.answers import Answer
from grader.authoring.finding import Finding
from grader.authoring.mutate.mutants import SURVIVORS_FILE, explained
from grader.authoring.mutate.record import Judged, derived, read, standing, write
from grader.authoring.prove.attempt import Prover

Seen = Callable[[str, bool], None]

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


def sort_mutants(
    open_prover: Callable[[], Prover],
    lesson: Lesson,
    exercise_id: str,
    seen: Seen | None = None,
    *,
    again: bool = False,
) -> Sorted:
    """Run the mutants of an exercise that have no up-to-date result on record, and update the record.

    Args:
        open_prover: gives a prover of the lesson, entered; asked only if there is something to run.
        lesson: the exercise's lesson.
        exercise_id: the exercise.
        seen: called after each mutant that was run with its name and whether it got full marks.
        again: run every mutant, whatever the record holds.
    """
    wanted = derived(lesson, notebooks.read(lesson.notebook), exercise_id)
    known = {} if again else standing(read(lesson, exercise_id), wanted)
    for name, (mutant, digest) in wanted.items():
        if name not in known:
            full = gets_full_marks(open_prover(), mutant)
            known[name] = Judged(digest, full)
            if seen is not None:
                seen(name, full)
    write(lesson, exercise_id, {name: known[name] for name in wanted})
    return sort_record(lesson, exercise_id, known)


def gets_full_marks(prover: Prover, mutant: Answer) -> bool:
    """Run one mutant."""
    attempt = prover.attempt(mutant, starter_seconds=STARTER_SECONDS)
    return attempt.earned == attempt.points


def sort_record(lesson: Lesson, exercise_id: str, record: Mapping[str, Judged]) -> Sorted:
    """Sort the recorded results, given the survivors that the author has explained."""
    reasons = {entry.mutant for entry in explained(lesson, exercise_id)}
    alive = [name for name, entry in record.items() if entry.full_marks]
    return Sorted(
        exercise_id,
        tuple(name for name, entry in record.items() if not entry.full_marks),
        tuple(name for name in alive if name in reasons),
        tuple(name for name in alive if name not in reasons),
        tuple(sorted(reasons - set(alive))),
    )
