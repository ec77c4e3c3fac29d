"""`pytest --nbval-lax` runs every lesson, and compares the outputs that are the same everywhere."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbval_run import compare

from course import manifest
from course.manifest import Lesson
from grader.authoring.source.stored import COMPARED, FEWEST

LESSONS = manifest.load().lessons
by_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.id, scope="module")


@by_lesson
def test_nbval_runs_a_lesson_and_compares_what_it_prints(
    lesson: Lesson, session_env: dict[str, str], tmp_path: Path
) -> None:
    assert not compare(lesson, session_env, tmp_path)


@by_lesson
def test_enough_outputs_of_a_lesson_are_compared(lesson: Lesson) -> None:
    assert len(compared(lesson)) >= FEWEST


def test_nbval_notices_another_output(session_env: dict[str, str], tmp_path: Path) -> None:
    """Of L00, so that this is quick: the comparison is not one that always agrees."""

    def change(node: nbformat.NotebookNode) -> None:
        cell = next(cell for cell in node.cells if COMPARED in cell.metadata.get("tags", ()))
        cell.outputs[0].text = f"{cell.outputs[0].text}and more\n"

    assert "and more" in compare(LESSONS[0], session_env, tmp_path, change)


def compared(lesson: Lesson) -> list[str]:
    """The ids of the cells whose output nbval compares."""
    node = nbformat.read(lesson.notebook, as_version=nbformat.NO_CONVERT)
    return [cell.id for cell in node.cells if COMPARED in cell.metadata.get("tags", ()) and cell.outputs]
