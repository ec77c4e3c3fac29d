"""Hints: three steps, one at a time, and one chosen from what the engine shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docker import DockerClient

    from course.manifest import Exercise, StateHint


def hint(exercise_id: str | None = None) -> None:
    """Print the next hint of an exercise; once all were read, all of them.

    Where the state of the learner's container or image matches one of the exercise's state hints, that one follows.

    Args:
        exercise_id: such as `L01-stay-up`; None is the exercise above this cell, or the one that ran last.

    Raises:
        ManifestError: the course has no such exercise.
        CourseError: no id was given, the lesson has several exercises, and none of them is above.
    """
    for line in _lines(_exercise(exercise_id)):
        print(line)


def hint_lines(exercise_id: str) -> list[str]:
    """The same as lines, for the card of an exercise. Raises ManifestError."""
    from course.lesson.current import current

    return _lines(current(exercise_id).exercise(exercise_id))


def _lines(exercise: Exercise) -> list[str]:
    from course import progress

    step = progress.hints_read(exercise.id) + 1
    total = len(exercise.hints)
    shown = range(step, step + 1) if step <= total else range(1, total + 1)
    lines = [f"Hint {number} of {total}: {exercise.hints[number - 1]}" for number in shown]
    progress.record_hint(exercise.id, min(step, total))
    observed = from_state(exercise)
    return [*lines, f"What the engine shows: {observed}"] if observed else lines


def from_state(exercise: Exercise) -> str:
    """The first state hint that fits what the session holds now; "" if none does or the engine does not answer."""
    from course.engine.errors import EngineError
    from course.session.client import client

    if not exercise.state_hints:
        return ""
    try:
        with client() as engine:
            return next((one.text for one in exercise.state_hints if _fits(engine, one)), "")
    except EngineError:
        return ""  # the hint of the step was given; the set-up cell is the place that speaks of the engine


def _fits(engine: DockerClient, hint: StateHint) -> bool:
    from docker.errors import NotFound

    try:
        if hint.container:
            state = engine.containers.get(hint.container).attrs["State"]
            return hint.matches(state["Status"], state["ExitCode"])
        engine.images.get(hint.image or "")  # a state hint names one of the two
    except NotFound:
        return hint.matches("absent")
    return hint.matches("present")


def _exercise(exercise_id: str | None) -> Exercise:
    from course.errors import CourseError
    from course.lesson.current import current
    from course.lesson.lesson_cell import nearest_exercise

    lesson = current(exercise_id)
    if exercise_id:
        return lesson.exercise(exercise_id)
    if len(lesson.exercises) == 1:
        return lesson.exercises[0]
    near = nearest_exercise()
    for exercise in lesson.exercises:
        if exercise.id == near:
            print(f"{exercise.title} ({exercise.id})")
            return exercise
    ids = ", ".join(exercise.id for exercise in lesson.exercises) or "none"
    raise CourseError(
        "the id of an exercise",
        f"{lesson.id} has: {ids}",
        f"%hint {lesson.exercises[0].id}" if lesson.exercises else "go on",
    )
