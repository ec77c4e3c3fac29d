"""All checks of an exercise at once, as a self-study copy runs them; they are read from the lesson's source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.checks.grade import Part, collecting, conclude

if TYPE_CHECKING:
    from course.widgets.exercise_card import ExerciseCard


def all_of(exercise: str) -> float | ExerciseCard | None:
    """Run every check of an exercise, the hidden ones too, and end as `grade` does.

    The cells are those of the lesson's source, outside the learner's folder, so that no page shows what they compare.

    Args:
        exercise: the exercise id, such as `L01-stay-up`.

    Returns:
        As `grade`, out of the points of the whole exercise.

    Raises:
        CheckFailed: as `grade`.
        ManifestError: the course has no such lesson.
        NotebookError: the lesson has no such exercise, or its source cannot be read.
    """
    return conclude(exercise, parts_of(exercise), solves=True)


def parts_of(exercise: str) -> list[Part]:
    """What the graded cells of an exercise ask, in order."""
    from course import manifest, notebooks

    lesson = manifest.load().lesson(exercise)
    cells = notebooks.read(lesson.notebook).exercise(exercise).cells
    with collecting() as parts:
        for cell in cells:
            if cell.role in notebooks.GRADED:
                exec(compile(cell.source, f"<{cell.id}>", "exec"), {"__name__": cell.id})
    return parts
