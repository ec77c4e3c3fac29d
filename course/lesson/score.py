"""The points of one lesson, as the checks in this notebook gave them."""

from __future__ import annotations


def score(lesson_id: str | None = None) -> None:
    """Print the best points so far of every exercise of a lesson.

    These are the points of the checks that run in the notebook. When marks count, the grader runs the checks again,
    with further ones.

    Args:
        lesson_id: the lesson; None is the one that was set up.
    """
    from course import progress
    from course.lesson.current import current
    from course.standing import earned

    lesson = current(lesson_id)
    record = progress.read().lesson(lesson.id)
    points = [(exercise, *earned(exercise, record)) for exercise in lesson.exercises]
    width = max((len(exercise.id) for exercise in lesson.exercises), default=0)
    for exercise, best, out_of in points:
        tried = exercise.id in record.checks
        state = "✓ done" if tried and best >= out_of else "… begun" if tried else "○ not attempted"
        print(f"{exercise.id:<{width}}  {state:<15}  {best:g} of {out_of:g} points")
    total, whole = sum(best for _, best, _ in points), sum(out_of for _, _, out_of in points)
    print(f"{lesson.id}: {total:g} of {whole:g} points")
