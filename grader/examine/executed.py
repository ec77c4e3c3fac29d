"""The executed notebook: the form in which nbgrader keeps, shows and scores a submission that has been run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import nbformat

from grader.examine.alignment import Step
from grader.examine.source import SourceCell, SourceNotebook

SHOWN = ("text/plain", "image/png", "image/jpeg")
"""What is kept of what a learner's cell displayed. Markup and scripts would run in the page of whoever looks at it."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def executed(source: SourceNotebook, steps: Sequence[Step], outputs: Mapping[int, Sequence[dict[str, Any]]]) -> str:
    """Write the notebook.

    Args:
        source: the instructor's.
        steps: the cells, in order.
        outputs: by the position of the step; none for a cell that did not run.

    Returns:
        A valid notebook of format 4.5, as JSON.
    """
    cells = [_cell(position, step, outputs.get(position, ())) for position, step in enumerate(steps)]
    node = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": dict(source.kernelspec)})
    nbformat.validate(node)
    text: str = nbformat.writes(node)
    return text


def plain(outputs: Sequence[Any]) -> list[dict[str, Any]]:
    """A learner's outputs without anything that a browser would run; what is no output is left out."""
    return [kept for one in outputs if isinstance(one, dict) and (kept := _plain(one)) is not None]


def without_source(cell: SourceCell, outputs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The outputs of a graded cell; a traceback through a hidden test would show its lines, and is left out."""
    if not cell.is_hidden:
        return list(outputs)
    return [{**one, "traceback": [f"{one['ename']}: {one['evalue']}"]} if _shows_lines(one) else one for one in outputs]


def _shows_lines(output: Mapping[str, Any]) -> bool:
    return output["output_type"] == "error" and len(output["traceback"]) > 0 and output["ename"] not in _OWN_LINES


_MAKE = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
_OWN_LINES = ("CheckFailed", "CouldNotCheck")
"""Errors that are shown as the lines of a result, without a traceback."""


def _cell(position: int, step: Step, outputs: Sequence[dict[str, Any]]) -> Any:
    known = step.known
    own_id = known.id if known is not None and _ID.fullmatch(known.id) else f"submitted-{position}"
    metadata = {"nbgrader": dict(known.metadata), "tags": list(known.tags)} if known is not None else {}
    make: Any = _MAKE.get(step.kind, nbformat.v4.new_raw_cell)
    node = make(step.source, id=own_id, metadata=nbformat.from_dict(metadata))
    if step.kind == "code":
        node.outputs = [nbformat.from_dict(one) for one in outputs]
    if known is not None and not known.is_solution:
        from nbgrader.utils import compute_checksum

        node.metadata.nbgrader["checksum"] = compute_checksum(node)
    return node


def _plain(output: dict[str, Any]) -> dict[str, Any] | None:
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return {"output_type": "stream", "name": name, "text": str(output.get("text", ""))}
    if kind == "error":
        lines = output.get("traceback")
        return {
            "output_type": "error",
            "ename": str(output.get("ename", "")),
            "evalue": str(output.get("evalue", "")),
            "traceback": [str(line) for line in lines] if isinstance(lines, list) else [],
        }
    data = output.get("data")
    if kind not in ("display_data", "execute_result") or not isinstance(data, dict):
        return None
    kept = {mime: data[mime] for mime in SHOWN if isinstance(data.get(mime), str)}
    if not kept:
        return None
    made = {"output_type": kind, "data": kept, "metadata": {}}
    return {**made, "execution_count": None} if kind == "execute_result" else made
