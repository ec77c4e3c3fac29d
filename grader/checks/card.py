"""The card that a learner sees in place of printed lines, where a front end shows the cell to a person."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from course.widgets import exercise_card as cards
from grader.checks.result import Outcome, Result, Verdict

if TYPE_CHECKING:
    from course.manifest import Exercise, Lesson

_STATUS = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.NOT_ATTEMPTED: "open",
    Outcome.COULD_NOT_CHECK: "unknown",
}
_SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.DOTALL)


def card_of(verdict: Verdict, judge: Callable[[], Verdict], *, solves: bool) -> cards.ExerciseCard:
    """The card of a verdict.

    Args:
        verdict: of the checks that have just run.
        judge: runs them again, and records what came out.
        solves: whether the card may show the author's answer: in self-study, not in a class.
    """
    from course import manifest

    lesson = manifest.load().lesson(verdict.exercise)
    exercise = lesson.exercise(verdict.exercise)
    return cards.ExerciseCard(
        _shown(verdict, lesson, exercise),
        cards.Help(
            check=lambda: _shown(judge(), lesson, exercise),
            hint=lambda: _hint(exercise.id),
            again=lambda: _again(exercise.id),
            solution=(lambda: _solution(lesson, exercise.id)) if solves else None,
            hints=lambda: (_hints_read(exercise.id), len(exercise.hints)),
            attempts=lambda: _attempts(exercise.id),
        ),
    )


def _shown(verdict: Verdict, lesson: Lesson, exercise: Exercise) -> cards.Verdict:
    solved = verdict.outcome is Outcome.PASSED
    partly = verdict.outcome is Outcome.FAILED and verdict.earned > 0
    first: Result | None = None if solved else verdict.decisive
    steps = (("expected", first.expected), ("observed", first.observed), ("try next", first.try_next)) if first else ()
    return cards.Verdict(
        exercise=exercise.id,
        title=exercise.title,
        status="partly" if partly else _STATUS[verdict.outcome],
        words="… partly done" if partly else f"{verdict.outcome.symbol} {verdict.outcome.words}",
        earned=verdict.earned,
        points=verdict.points,
        goals=tuple(_goal(result) for result in verdict.results),
        steps=steps,
        shown=_what_was_shown(lesson, exercise.id) if solved else "",
        following=_following(lesson, exercise.id) if solved else ("", ""),
    )


def _goal(result: Result) -> cards.Goal:
    if result.advice and not result.passed:
        return cards.Goal("advice", "• advice", result.title, result.observed)
    observed = "" if result.passed else result.observed
    return cards.Goal(
        _STATUS[result.outcome], f"{result.outcome.symbol} {result.outcome.words}", result.title, observed
    )


def _what_was_shown(lesson: Lesson, exercise: str) -> str:
    met = next((one.text for one in lesson.objectives if exercise in one.met_by), "")
    return f"You can now {met[:1].lower()}{met[1:].rstrip('.')}." if met else ""


def _following(lesson: Lesson, exercise: str) -> tuple[str, str]:
    """The next lesson, after the last exercise of this one."""
    from course import manifest

    if not lesson.exercises or lesson.exercises[-1].id != exercise:
        return "", ""
    lessons: Sequence[Lesson] = manifest.load().lessons
    at = [one.id for one in lessons].index(lesson.id)
    if at + 1 == len(lessons):
        return "", ""
    after = lessons[at + 1]
    return f"../{after.name}/{after.notebook.name}", f"Go on with {after.id}: {after.title}"


def _hint(exercise: str) -> list[str]:
    from course.lesson.hints import hint_lines

    return hint_lines(exercise)


def _again(exercise: str) -> str:
    from course.kernel.made import undo

    gone = undo(exercise)
    return f"○ removed what the answer made: {', '.join(gone)}" if gone else "○ the answer has made nothing to remove"


def _solution(lesson: Lesson, exercise: str) -> str:
    from course import notebooks, progress

    cells = notebooks.read(lesson.notebook).exercise(exercise).of("starter")
    progress.record_solution(exercise)
    return "\n".join(found.strip() for cell in cells for found in _SOLUTION.findall(cell.source))


def _hints_read(exercise: str) -> int:
    from course import progress

    return progress.hints_read(exercise)


def _attempts(exercise: str) -> int:
    from course import progress

    record = progress.read().lesson(exercise).checks.get(exercise)
    return record.attempts if record and record.best < record.out_of else 0
