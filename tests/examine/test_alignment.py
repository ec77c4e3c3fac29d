"""Which cells are run of a submission, in which order, and what is said about what is odd."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from small_course import LESSON, write_course

from course.workspace import released
from grader.examine.alignment import Plan, align
from grader.examine.reading import NotANotebook
from grader.examine.source import BadSource, SourceNotebook, read_source

NAMES = ["T01-greeter", "T01-greeter-check", "T01-greeter-hidden"]


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_course(tmp_path_factory.mktemp("aligned")) / LESSON / f"{LESSON}.ipynb"


@pytest.fixture(scope="module")
def source(lesson: Path) -> SourceNotebook:
    return read_source(lesson.read_bytes())


@pytest.fixture
def learners(lesson: Path) -> Any:
    """The released notebook as plain data, to be changed as a learner could."""
    return json.loads(nbformat.writes(released(lesson)))


def names(plan: Plan) -> list[str]:
    return [step.known.grade_id for step in plan.steps if step.known]


def aligned(source: SourceNotebook, node: Any) -> Plan:
    return align(source, json.dumps(node).encode())


def test_an_honest_notebook_is_run_as_it_stands_without_a_note(source: SourceNotebook, learners: Any) -> None:
    learners["cells"][1]["source"] = "mine = 1"
    plan = aligned(source, learners)
    assert plan.notes == () and names(plan) == NAMES
    assert [step.source for step in plan.steps][:2] == ["# A greeter", "mine = 1"]
    assert [step.exercise for step in plan.steps] == ["T01-greeter"] * 4
    assert (
        "HIDDEN TESTS" in plan.steps[3].source and [step.is_graded for step in plan.steps] == [False] * 2 + [True] * 2
    )


def forge_everything(node: Any) -> None:
    for cell in node["cells"][1:]:
        cell["id"] = "x" * 300
        cell["metadata"]["nbgrader"].update(points=1000, grade=False, locked=False, solution=True, checksum="0")
        cell["outputs"] = [{"output_type": "execute_result", "data": {"text/plain": "1000"}}]
        cell["source"] = "check = 1"


def retype(node: Any) -> None:
    for cell in node["cells"][1:3]:
        cell["cell_type"] = "markdown"
        del cell["outputs"], cell["execution_count"]


def repeat(node: Any) -> None:
    node["cells"].append(json.loads(json.dumps(node["cells"][1])) | {"source": "the second"})


ODD: dict[str, tuple[Callable[[Any], None], list[str], str]] = {
    "a missing check": (lambda node: node["cells"].pop(2), NAMES, "T01-greeter-check was missing: it was put back"),
    "no check at all": (lambda node: node["cells"].__delitem__(slice(2, 4)), NAMES, "hidden was missing"),
    "a missing solution": (lambda node: node["cells"].pop(1), NAMES[1:], "nothing was handed in for it"),
    "everything is missing": (lambda node: node["cells"].clear(), NAMES[1:], "T01-greeter was missing"),
    "a check before its solution": (lambda node: node["cells"].insert(0, node["cells"].pop(2)), NAMES, "run after it"),
    "hidden before check": (
        lambda node: node["cells"].insert(2, node["cells"].pop(3)),
        ["T01-greeter", "T01-greeter-hidden", "T01-greeter-check"],
        "in another order",
    ),
    "other types": (retype, NAMES, "was made a markdown cell"),
    "a cell twice": (repeat, NAMES, "more than once"),  # the checks are moved behind the last copy
    "forged metadata": (forge_everything, NAMES, "the instructor's values were used"),
    "a stranger": (
        lambda node: node["cells"][0]["metadata"].update(nbgrader={"grade_id": "bonus", "grade": True, "points": 9}),
        NAMES,
        "no cell 'bonus'",
    ),
    "no cells of a notebook": (
        lambda node: node["cells"].extend([1, {}, {"cell_type": "code", "source": 1}]),
        NAMES,
        "3 of",
    ),
    "too many cells": (
        lambda node: node["cells"].extend([{"cell_type": "code", "source": "1"}] * 1000),
        NAMES,
        "has 1004 cells",
    ),
    "a cell too long": (
        lambda node: node["cells"].append({"cell_type": "code", "source": "#" * 300_000}),
        NAMES,
        "longer than",
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_notebook_is_run_as_far_as_it_can_be_with_a_note(
    name: str, source: SourceNotebook, learners: Any
) -> None:
    change, expected, note = ODD[name]
    change(learners)
    plan = aligned(source, learners)
    assert names(plan) == expected
    assert any(note in one for one in plan.notes), plan.notes
    graded = {step.known.grade_id: step.source for step in plan.steps if step.known and step.is_graded}
    assert graded == {cell.grade_id: cell.source for cell in source.graded}, "the instructor's text is what is run"
    assert all(step.known.points <= 3 for step in plan.steps if step.known)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{ not a notebook",
        b"[]",
        b"{}",
        b'{"cells": 5}',
        b"\xff\xfe\x00",
        b'{"cells":' + b"[" * 200_000,
        b'{"nbformat": 4, "cells": {"a": 1}}',
    ],
    ids=lambda raw: raw[:20],
)
def test_what_is_no_notebook_is_refused_in_three_parts(raw: bytes, source: SourceNotebook) -> None:
    with pytest.raises(NotANotebook, match="a notebook in JSON"):
        align(source, raw)


def test_a_notebook_of_format_3_and_a_lone_surrogate_are_read(source: SourceNotebook) -> None:
    cell = {"cell_type": "code", "input": ["a = ", "'\ud800'"], "metadata": {"nbgrader": {"grade_id": "T01-greeter"}}}
    plan = aligned(source, {"nbformat": 3, "worksheets": [{"cells": [cell]}]})
    assert plan.steps[0].source == "a = '?'" and names(plan) == NAMES


def test_the_instructors_own_notebook_must_have_something_to_grade(learners: Any) -> None:
    learners["cells"] = learners["cells"][:1]
    with pytest.raises(BadSource, match="a graded cell"):
        read_source(json.dumps(learners).encode())
    with pytest.raises(BadSource):
        read_source(b"{")
