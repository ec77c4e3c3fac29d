"""Store the outputs that are the same on every engine in a lesson's source, for nbval to compare.

The notebook runs on each given engine, or twice on one, each time in its own session. A cell keeps its output if all
runs agree after `sanitize.cfg` has replaced ids, sizes and times. Released copies have no outputs.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from course.manifest import Lesson
from course.workspace import place
from grader.authoring.source.stored import COMPARED, FEWEST, Outputs, comparable

CELL_SECONDS = 120
LESSON, OTHERS = ("run", "change", "given", "starter"), ("setup", "cleanup", "check")
"""The roles of cells that keep their output; those of `OTHERS` only where a lesson has too few of the first."""


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
    on = engines if len(engines) > 1 else [*engines, *engines] or ["", ""]
    runs = [run(lesson, engine, f"learner-{number}") for number, engine in enumerate(on)]
    node = nbformat.read(lesson.notebook, as_version=nbformat.NO_CONVERT)
    cells = [cell for cell in node.cells if cell.cell_type == "code"]
    agreed = [cell.id for cell in cells if runs[0][cell.id] and all(one[cell.id] == runs[0][cell.id] for one in runs)]
    kept = _chosen({cell.id: set(cell.metadata.get("tags", ())) for cell in cells if cell.id in agreed})
    for cell in cells:
        cell.outputs, cell.execution_count = [], None
        tags = [tag for tag in cell.metadata.get("tags", ()) if tag != COMPARED]
        if cell.id in kept:
            cell.outputs = [nbformat.from_dict(output) for output in runs[0][cell.id]]
            cell.execution_count = 1  # nbval compares no cell that was never run
            tags.append(COMPARED)
        if tags or "tags" in cell.metadata:
            cell.metadata.tags = tags
    nbformat.write(node, lesson.notebook)
    return kept


def _chosen(tags: Mapping[str, set[str]]) -> list[str]:
    """The cells that keep their output, out of those that could."""
    first = [id_ for id_, own in tags.items() if own & set(LESSON)]
    spare = [id_ for role in OTHERS for id_, own in tags.items() if role in own]
    return [*first, *spare[: max(0, FEWEST - len(first))]]


def run(lesson: Lesson, engine: str, learner: str) -> dict[str, Outputs]:
    """Run a lesson with its solutions in a session of its own; returns each code cell's output if it can be kept.

    Args:
        lesson: the lesson.
        engine: the engine's address, "" for the one that the course finds.
        learner: whose values its parameters have.
    """
    from course.gateway import session

    node = nbformat.read(lesson.notebook, as_version=nbformat.NO_CONVERT)
    with tempfile.TemporaryDirectory(prefix="slipway-outputs-") as workspace:
        copy = place(lesson, Path(workspace))
        with _environment({"SLIPWAY_ENGINE": engine} if engine else {}), session(policy="class") as own:
            variables = {**own.environment(), "SLIPWAY_WORKSPACE": workspace, "SLIPWAY_LEARNER": learner}
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
