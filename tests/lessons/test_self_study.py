"""What a learner's folder holds: in self-study one line for all checks of an exercise, and nowhere an answer."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from course import manifest, notebooks
from course.manifest import Lesson
from course.workspace import ALL_CHECKS, place, released, self_study
from grader.authoring.lint.exercises import solution_lines
from grader.checks.exercise import parts_of

COURSE = manifest.load()
by_lesson = pytest.mark.parametrize("lesson", COURSE.lessons, ids=lambda lesson: lesson.id)


@by_lesson
def test_a_check_cell_of_a_self_study_copy_names_its_exercise_and_nothing_else(lesson: Lesson) -> None:
    copy = notebooks.parse(self_study(lesson.notebook), lesson.notebook)
    assert not copy.of("hidden")
    assert [exercise.id for exercise in copy.exercises()] == [exercise.id for exercise in lesson.exercises]
    for exercise in lesson.exercises:
        (check,) = copy.exercise(exercise.id).of("check")
        assert check.source == ALL_CHECKS.format(exercise=exercise.id)
        assert check.points == exercise.points
        assert check.nbgrader["grade_id"] == check.id


@by_lesson
def test_self_study_asks_what_the_visible_and_the_hidden_cell_ask(lesson: Lesson) -> None:
    """The proofs run the self-study copy; what a class gets holds the same checks, in two cells."""
    source = notebooks.read(lesson.notebook)
    given = {cell.id: cell.source for cell in notebooks.parse(released(lesson.notebook), lesson.notebook).cells}
    for exercise in lesson.exercises:
        cells = source.exercise(exercise.id)
        graded = [*cells.of("check"), *cells.of("hidden")]
        parts = parts_of(exercise.id)
        assert [(part.exercise, part.points) for part in parts] == [
            (cell.id.removesuffix("-check"), cell.points) for cell in graded
        ]
        assert given[f"{exercise.id}-check"] == graded[0].source
        assert not re.search(r"^[^#\s]", given[f"{exercise.id}-hidden"], re.MULTILINE)


def test_no_file_of_a_learners_folder_holds_a_solution(tmp_path: Path) -> None:
    for lesson in COURSE.lessons:
        place(lesson, tmp_path)
    texts = {str(path.relative_to(tmp_path)): _text(path) for path in tmp_path.rglob("*") if path.is_file()}
    assert texts
    for lesson, exercise in COURSE.exercises():
        cells = notebooks.read(lesson.notebook).exercise(exercise.id)
        solution = "\n".join(line for line in solution_lines(cells) if not line.startswith(("#", "print(")))
        shown = [name for name, text in texts.items() if solution in text]
        assert not shown, f"{exercise.id} is solved in {', '.join(shown)}"


def _text(path: Path) -> str:
    """The lines that a reader sees, without indentation."""
    text = path.read_text("utf-8", errors="replace")
    if path.suffix == ".ipynb":
        text = "\n".join(cell.source for cell in nbformat.reads(text, as_version=4).cells)
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())
