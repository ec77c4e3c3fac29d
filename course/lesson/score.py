"""The points of one lesson, as the checks in this notebook gave them."""

from __future__ import annotations


def score(lesson_id: str | None = None) -> None:
    """Print the best points so far of every exercise of a lesson.

    In a class, the hidden tests run only when marks count, so their points are missing here.

    Args:
        lesson_id: the lesson; None is the one that was set up.
    """
    from course import progress
    from course.lesson.current import current
    from course.standing import earned, solved, tried

    lesson = current(lesson_id)
    record = progress.read().lesson(lesson.id)
    width = max((len(exercise.id) for exercise in lesson.exercises), default=0)
    for exercise in lesson.exercises:
        begun = "… begun" if tried(exercise, record) else "○ not attempted"
        state = "✓ done" if solved(exercise, record) else begun
        print(f"{exercise.id:<{width}}  {state:<15}  {earned(exercise, record):g} of {exercise.points:g} points")
    total = sum(earned(exercise, record) for exercise in lesson.exercises)
    print(f"{lesson.id}: {total:g} of {lesson.points:g} points")
