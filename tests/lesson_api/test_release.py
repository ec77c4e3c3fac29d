"""A released copy made without nbgrader is the one that nbgrader would make."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader import preprocessors

from course.manifest import Lesson, load
from course.release import release
from course.workspace import release_config

STEPS = ("ClearSolutions", "LockCells", "ClearHiddenTests", "ClearMarkScheme", "ClearOutput", "ComputeChecksums")
KINDS = [
    {"grade": False, "solution": True, "locked": False, "task": False},
    {"grade": True, "solution": False, "locked": True, "task": False, "points": 2},
    {"grade": True, "solution": True, "locked": False, "task": False, "points": 1},
    {"grade": False, "solution": False, "locked": True, "task": False},
    {"grade": False, "solution": False, "locked": False, "task": True, "points": 3},
    {},
]
TEXTS = [
    "plain",
    "before\n    ### BEGIN SOLUTION\n    x = 1\n    ### END SOLUTION\nafter",
    "### BEGIN HIDDEN TESTS\nassert x\n### END HIDDEN TESTS\nshown",
    "task\n### BEGIN MARK SCHEME\nten points\n### END MARK SCHEME",
    "### BEGIN MARK SCHEME\n![a](attachment:a.png)\n### END MARK SCHEME",
    "### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION",
    "### BEGIN SOLUTION",
    "### BEGIN HIDDEN TESTS",
    "ü = 'größer'\r\n",
]


def by_nbgrader(node: Any) -> Any:
    resources = {"nbgrader": {"assignment": "lesson"}}
    for step in STEPS:
        node, resources = getattr(preprocessors, step)(config=release_config()).preprocess(node, resources)
    return node


def text_of(make: Any, node: Any) -> str:
    """The notebook that a function makes of a copy, or that it refuses it."""
    try:
        return json.dumps(make(deepcopy(node)), sort_keys=True)
    except RuntimeError:
        return "refused"


@pytest.mark.parametrize("lesson", load().lessons, ids=lambda lesson: lesson.id)
def test_every_lesson_is_released_as_nbgrader_does(lesson: Lesson) -> None:
    node = nbformat.read(lesson.notebook, as_version=4)
    assert text_of(release, node) == text_of(by_nbgrader, node) != "refused"


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "+".join(key for key, value in kind.items() if value is True))
@pytest.mark.parametrize("new", [new_code_cell, new_markdown_cell])
def test_every_kind_of_cell_is_released_as_nbgrader_does(text: str, kind: dict[str, Any], new: Any) -> None:
    given = {"nbgrader": {"grade_id": "one", "schema_version": 3, **kind}} if kind else {}
    node = new_notebook(
        cells=[new(text, metadata={"scrolled": True, "collapsed": True, **given})], metadata={"celltoolbar": "x"}
    )
    assert text_of(release, node) == text_of(by_nbgrader, node)
