"""The learner's folder: self-study copies of the lessons, in which no solution and no check can be read."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat

from course import notebooks
from course.manifest import Course, Lesson
from course.release import CODE_STUB, TEXT_STUB, release

# what stays with the instructor: answers and notes, and the files that the course reads from its own copy
KEPT_BACK = (
    "answers",
    "prepare",
    "instructor.md",
    "lesson.toml",
    "questions.toml",
    "__pycache__",
    ".ipynb_checkpoints",
)

ALL_CHECKS = 'from grader import checks\nchecks.all_of("{exercise}")'
"""The check cell of a self-study copy."""


def release_config() -> Any:
    """The traitlets configuration of the released copy; an instructor's nbgrader configuration holds the same."""
    from traitlets.config import Config

    return Config(
        {
            "ClearSolutions": {"code_stub": {"python": CODE_STUB}, "text_stub": TEXT_STUB},
            "CourseDirectory": {"ignore": [*KEPT_BACK, "*.pyc"]},
        }
    )


def released(notebook: Path) -> Any:
    """A lesson's notebook as the learners of a class get it.

    Args:
        notebook: the source notebook.

    Returns:
        An nbformat 4 notebook node.
    """
    return release(nbformat.read(notebook, as_version=4))


def self_study(notebook: Path) -> Any:
    """A lesson's notebook for a person without a class: each exercise has one check cell, which runs all its checks.

    The cell names the exercise and nothing else; the checks come from the lesson's source (`checks.all_of`).

    Args:
        notebook: the source notebook.

    Returns:
        An nbformat 4 notebook node.
    """
    node = nbformat.read(notebook, as_version=4)
    points = {exercise.id: exercise.points for exercise in notebooks.parse(node, notebook).exercises()}
    node.cells = [cell for cell in node.cells if "hidden" not in cell.metadata.get("tags", ())]
    for cell in node.cells:
        if "check" in cell.metadata.get("tags", ()):
            exercise = cell.id.removesuffix("-check")
            cell.source = ALL_CHECKS.format(exercise=exercise)
            cell.metadata["jupyter"] = {"source_hidden": True}  # the card below says what is checked
            cell.metadata.nbgrader["points"] = points[exercise]
    return release(node)


def prepare(course: Course, workspace: Path) -> list[Path]:
    """Put every lesson that the workspace does not hold yet into it; what the learner has is never written over.

    Args:
        course: the manifest, which knows where the lessons' sources are.
        workspace: the learner's folder; made if absent.

    Returns:
        The lessons' folders that were added.
    """
    wanting = [lesson for lesson in course.lessons if not (workspace / lesson.name / lesson.notebook.name).exists()]
    placed = [place(lesson, workspace) for lesson in wanting]
    for notebook in placed:
        _trust(notebook)
    return [notebook.parent for notebook in placed]


def _trust(notebook: Path) -> None:
    """Sign a released notebook, so that Jupyter does not call it untrusted each time that it is opened."""
    from nbformat.sign import NotebookNotary

    notary = NotebookNotary()
    try:
        notary.sign(nbformat.read(notebook, as_version=4))
    finally:
        notary.store.close()  # Python 3.13 and newer warn of a database that is left open


def place(lesson: Lesson, workspace: Path, form: Callable[[Path], Any] = self_study) -> Path:
    """Write a copy of one lesson and its files, over what is there.

    Args:
        lesson: the lesson.
        workspace: the learner's folder.
        form: `self_study`, or `released` for what a class gets.

    Returns:
        The notebook's path.
    """
    target = workspace / lesson.name
    ignored = shutil.ignore_patterns(*KEPT_BACK, lesson.notebook.name)
    shutil.copytree(lesson.folder, target, dirs_exist_ok=True, ignore=ignored)
    notebook = target / lesson.notebook.name
    nbformat.write(form(lesson.notebook), notebook)
    return notebook
