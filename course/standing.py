"""Where a learner stands: the record of `course.progress` read beside the manifest, and what to do next."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from course.manifest import Course, Exercise, Lesson
    from course.progress import CheckRecord, LessonRecord, Progress


@dataclass(frozen=True)
class Standing:
    """One lesson: what was earned and answered of what there is; `points` are the best ones so far.

    `predicted` counts the questions that were answered, `right` those whose last answer is right.

    `solved` says that every check that ran passed. In a class that can be with fewer than all points: its hidden tests
    run only when marks count.
    """

    lesson: str
    title: str
    opened: bool
    points: float
    out_of: float
    predicted: int
    right: int
    questions: int
    hints: int
    solved: bool

    @property
    def done(self) -> bool:
        """Whether every exercise is solved; a lesson without exercises is done when it was opened."""
        return self.opened and self.solved

    @property
    def predictions(self) -> str:
        """How many questions were answered, and how many of the answers are right."""
        right = f", {self.right} right" if self.predicted else ""
        return f"{self.predicted} of {self.questions} predicted{right}"

    @property
    def state(self) -> str:
        """A symbol and a word."""
        return "✓ done" if self.done else "… begun" if self.opened else "○ not begun"


@dataclass(frozen=True)
class Summary:
    """The whole course; print it, or let it be the last line of a cell."""

    lessons: tuple[Standing, ...]
    next_step: str

    def __str__(self) -> str:
        if not self.lessons:
            return self.next_step
        width = max(len(one.title) for one in self.lessons)
        rows = [
            f"{one.lesson}  {one.title:<{width}}  {one.state:<11}  "
            f"{one.points:g} of {one.out_of:g} points, {one.predictions}, "
            f"{one.hints} hint{'' if one.hints == 1 else 's'}"
            for one in self.lessons
        ]
        return "\n".join([*rows, f"Next: {self.next_step}"])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._html()}

    def _html(self) -> str:
        rows = "".join(
            f"<tr><th scope='row' style='text-align:left'>{one.lesson} {html.escape(one.title)}</th>"
            f"<td>{one.state}</td><td>{one.points:g} of {one.out_of:g}</td>"
            f"<td>{one.predictions}</td><td>{one.hints}</td></tr>"
            for one in self.lessons
        )
        head = "".join(f"<th scope='col'>{name}</th>" for name in ("lesson", "state", "points", "predictions", "hints"))
        return (
            f"<table><caption>Your progress</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
            f"<p>Next: {html.escape(self.next_step)}</p>"
        )


def summary(course: Course | None = None) -> Summary:
    """Where the learner stands in every lesson, as text and as HTML.

    Args:
        course: the manifest; None loads it.
    """
    from course import progress
    from course.manifest import load

    return summarise(course or load(), progress.read())


def summarise(course: Course, progress: Progress) -> Summary:
    """Read the record beside the manifest."""
    lessons = tuple(_standing(lesson, progress.lesson(lesson.id)) for lesson in course.lessons)
    return Summary(lessons, _next_step(course, progress, lessons))


def earned(exercise: Exercise, record: LessonRecord) -> float:
    """The best points of an exercise so far."""
    return sum(check.best for check in _checks(exercise, record))


def tried(exercise: Exercise, record: LessonRecord) -> bool:
    """Whether a check of the exercise was run."""
    return bool(_checks(exercise, record))


def solved(exercise: Exercise, record: LessonRecord) -> bool:
    """Whether every check of the exercise that was run gave all its points."""
    own = _checks(exercise, record)
    return bool(own) and all(check.best >= check.out_of for check in own)


def _checks(exercise: Exercise, record: LessonRecord) -> list[CheckRecord]:
    return [check for id_, check in record.checks.items() if id_ in (exercise.id, f"{exercise.id}-hidden")]


def _standing(lesson: Lesson, record: LessonRecord) -> Standing:
    answered = [record.predictions[one.id] for one in lesson.questions if one.id in record.predictions]
    return Standing(
        lesson=lesson.id,
        title=lesson.title,
        opened=bool(record.opened),
        points=sum(earned(exercise, record) for exercise in lesson.exercises),
        out_of=lesson.points,
        predicted=len(answered),
        right=sum(one.right for one in answered),
        questions=len(lesson.questions),
        hints=sum(record.hints.values()),
        solved=all(solved(exercise, record) for exercise in lesson.exercises),
    )


def _next_step(course: Course, progress: Progress, lessons: tuple[Standing, ...]) -> str:
    for lesson, standing in zip(course.lessons, lessons, strict=True):
        if standing.done:
            continue
        if not standing.opened:
            return f"open {lesson.name}/{lesson.notebook.name} ({lesson.title}, about {lesson.minutes} minutes)."
        record = progress.lesson(lesson.id)
        for exercise in lesson.exercises:
            if not solved(exercise, record):
                return f"the exercise {exercise.id} ({exercise.title}) in {lesson.name}/{lesson.notebook.name}."
    return "every lesson is done."
