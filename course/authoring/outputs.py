"""Outputs that are the same everywhere stay in a lesson's source, so that nbval compares them on each engine.

A notebook is run twice on each engine, each time in a session of its own; a cell keeps its output when all runs agree
once `sanitize.cfg` has replaced ids, sizes and times. Released copies carry none.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from course.authoring.stored import COMPARED, Outputs, comparable
from course.manifest import Lesson
from course.workspace import place

CELL_SECONDS = 120
RUNS = 2
ROLES = ("run", "change", "given", "starter")


def keep_outputs(lesson: Lesson, engines: Sequence[str] = ()) -> list[str]:
    """Write the outputs that all runs agree on into a lesson's notebook, and take all others out.

    Args:
        lesson: the lesson.
        engines: addresses of the engines to run it on; none means the one that the course finds.

    Returns:
        The ids of the cells that keep their output.

    Raises:
        CellExecutionError: a cell raises.
    """
    runs = [run(lesson, engine) for engine in engines or ("",) for _ in range(RUNS)]
    node = nbformat.read(lesson.notebook, as_version=nbformat.NO_CONVERT)
    kept = []
    for cell in (cell for cell in node.cells if cell.cell_type == "code"):
        agreed = [found[cell.id] for found in runs]
        tags = [tag for tag in cell.metadata.get("tags", []) if tag != COMPARED]
        cell.outputs, cell.execution_count = [], None
        if set(tags) & set(ROLES) and agreed[0] and all(one == agreed[0] for one in agreed):
            cell.outputs = [nbformat.from_dict(output) for output in agreed[0]]
            tags.append(COMPARED)
            kept.append(str(cell.id))
        if "tags" in cell.metadata:
            cell.metadata.tags = tags
    nbformat.write(node, lesson.notebook)
    return kept


def run(lesson: Lesson, engine: str = "") -> dict[str, Outputs]:
    """Run a lesson with its solutions in a session of its own; returns each code cell's output if it can be kept."""
    from course.gateway import session

    node = nbformat.read(lesson.notebook, as_version=nbformat.NO_CONVERT)
    with tempfile.TemporaryDirectory(prefix="slipway-outputs-") as workspace:
        copy = place(lesson, Path(workspace))
        with _environment({"SLIPWAY_ENGINE": engine} if engine else {}), session(policy="learner") as own:
            variables = {**own.environment(), "SLIPWAY_WORKSPACE": workspace}
            with _environment(variables):
                NotebookClient(node, timeout=CELL_SECONDS, resources={"metadata": {"path": str(copy.parent)}}).execute()
    return {cell.id: comparable(cell.outputs) for cell in node.cells if cell.cell_type == "code"}


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
