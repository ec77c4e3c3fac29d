"""The learner's folder: released copies of the lessons, without solutions or hidden tests."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nbformat

from course.manifest import Course, Lesson

# what stays with the instructor: answers and notes, and the files that the course reads from its own copy
KEPT_BACK = ("answers", "instructor.md", "lesson.toml", "questions.toml", "__pycache__", ".ipynb_checkpoints")


def released(notebook: Path) -> Any:
    """A lesson's notebook as a learner gets it.

    The steps are those of `nbgrader generate_assignment` (nbgrader 0.9.6, `GenerateAssignment.preprocessors`),
    without the gradebook: solutions, hidden tests, mark schemes and outputs are taken out, check cells are locked.

    Args:
        notebook: the source notebook.

    Returns:
        An nbformat 4 notebook node.
    """
    from nbgrader import preprocessors
    from traitlets.config import Config

    steps = ("ClearSolutions", "LockCells", "ClearHiddenTests", "ClearMarkScheme", "ClearOutput", "ComputeChecksums")
    node, resources = nbformat.read(notebook, as_version=4), {"nbgrader": {"assignment": notebook.parent.name}}
    for step in steps:
        preprocessor = getattr(preprocessors, step)(config=Config())
        node, resources = preprocessor.preprocess(node, resources)
    return node


def prepare(course: Course, workspace: Path) -> list[Path]:
    """Put every lesson that the workspace does not hold yet into it; what the learner has is never written over.

    Args:
        course: the manifest, which knows where the lessons' sources are.
        workspace: the learner's folder; made if absent.

    Returns:
        The lessons' folders that were added.
    """
    wanting = [lesson for lesson in course.lessons if not (workspace / lesson.name / lesson.notebook.name).exists()]
    return [place(lesson, workspace).parent for lesson in wanting]


def place(lesson: Lesson, workspace: Path) -> Path:
    """Write the released copy of one lesson and its files, over what stands there; return the notebook's path."""
    target = workspace / lesson.name
    ignored = shutil.ignore_patterns(*KEPT_BACK, lesson.notebook.name)
    shutil.copytree(lesson.folder, target, dirs_exist_ok=True, ignore=ignored)
    notebook = target / lesson.notebook.name
    nbformat.write(released(lesson.notebook), notebook)
    return notebook
