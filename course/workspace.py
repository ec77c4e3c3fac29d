"""The learner's folder: released copies of the lessons, without solutions or hidden tests."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nbformat

from course.manifest import Course, Lesson

# what stays with the instructor: answers and notes, and the files that the course reads from its own copy
KEPT_BACK = ("answers", "instructor.md", "lesson.toml", "questions.toml", "__pycache__", ".ipynb_checkpoints")

CODE_STUB = "# your code here"
"""Stands for a solution region: a comment both in Python and in a Dockerfile, so an untouched starter cell runs."""
TEXT_STUB = "*Your words here.*"


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
    """A lesson's notebook as a learner gets it.

    The steps are those of `nbgrader generate_assignment` (nbgrader 0.9.6, `GenerateAssignment.preprocessors`),
    without the gradebook: solutions, hidden tests, mark schemes and outputs are taken out, check cells are locked.

    Args:
        notebook: the source notebook.

    Returns:
        An nbformat 4 notebook node.
    """
    return released_node(nbformat.read(notebook, as_version=4), notebook.parent.name)


def released_node(node: Any, assignment: str) -> Any:
    """What `released` gives, from a source notebook that is in memory; the node itself is changed."""
    from nbgrader import preprocessors

    steps = ("ClearSolutions", "LockCells", "ClearHiddenTests", "ClearMarkScheme", "ClearOutput", "ComputeChecksums")
    resources = {"nbgrader": {"assignment": assignment}}
    for step in steps:
        preprocessor = getattr(preprocessors, step)(config=release_config())
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
