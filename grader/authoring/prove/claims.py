"""What must hold for an exercise's answers once they have run; each claim yields the findings against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from course.manifest import Lesson
from grader.authoring.finding import Finding
from grader.authoring.prove.attempt import Attempt


def starts_unattempted(lesson: Lesson, attempt: Attempt) -> Iterator[Finding]:
    """An untouched starter: every check says *not attempted*, no points, no error."""
    for cell in attempt.marked:
        tried = [f"{o.check} {o.outcome}" for o in cell.outcomes if o.outcome != "not_attempted"]
        if tried or not cell.outcomes:
            yield Finding(
                lesson.name, cell.cell, "every check says not attempted for an untouched starter",
                ", ".join(tried) or cell.error, "use checks that know what the starter leaves, or leave less",
            )  # fmt: skip
    if attempt.earned:
        yield _wrong_points(lesson, attempt, "0 points for an untouched starter")
    for error in attempt.errors:
        yield Finding(
            lesson.name, attempt.answer.exercise, "an untouched starter that runs", error,
            "give the lines that the solution region leaves out, or move them into it",
        )  # fmt: skip


def earns_all(lesson: Lesson, attempt: Attempt) -> Iterator[Finding]:
    """A right answer: full points, and no error."""
    if attempt.earned != attempt.points or not attempt.marked:
        yield _wrong_points(lesson, attempt, f"full points for {attempt.answer.name}")
    for error in attempt.errors:
        yield Finding(
            lesson.name, attempt.answer.exercise, f"{attempt.answer.name} runs without an error", error,
            "correct the answer",
        )  # fmt: skip


def fails_as_meant(lesson: Lesson, attempt: Attempt) -> Iterator[Finding]:
    """A wrong answer: not all points, and the first message that the learner reads is the one meant for the mistake."""
    answer = attempt.answer
    if attempt.earned == attempt.points:
        yield _wrong_points(lesson, attempt, f"fewer than all points for {answer.name} ({answer.mistake})")
    elif attempt.decisive != answer.fails:
        yield Finding(
            lesson.name, answer.exercise, f"{answer.name} shows the message {answer.fails}",
            f"{attempt.decisive}\n{attempt.report()}", "order the checks, add one, or correct answers.toml",
        )  # fmt: skip


def hidden_checks_matter(lesson: Lesson, attempts: Iterable[Attempt]) -> Iterator[Finding]:
    """Each hidden check is the only one of the exercise to catch at least one wrong answer."""
    runs = list(attempts)
    hidden = {
        (cell.cell, i, o.check) for run in runs for cell in run.marked for i, o in enumerate(cell.outcomes) if o.hidden
    }
    alone = {caught[0] for caught in map(_caught_by, runs) if len(caught) == 1}
    for cell, position, check in sorted(hidden - alone):
        yield Finding(
            lesson.name, cell, f"check {position + 1} ({check}), a hidden one, is the only one to catch a wrong answer",
            "no wrong answer fails this check alone",
            "add a wrong answer that passes every other check, or remove the check",
        )  # fmt: skip


def _caught_by(attempt: Attempt) -> list[tuple[str, int, str]]:
    return [
        (cell.cell, i, outcome.check)
        for cell in attempt.marked
        for i, outcome in enumerate(cell.outcomes)
        if not outcome.passed
    ]


def _wrong_points(lesson: Lesson, attempt: Attempt, expected: str) -> Finding:
    return Finding(
        lesson.name, attempt.answer.exercise, expected, attempt.report(),
        "correct the answer or the checks",
    )  # fmt: skip
