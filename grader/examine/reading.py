"""Reading a learner's notebook as what it is: JSON from somebody who may want to do harm. Nothing of it is trusted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from grader.examine.errors import ExamineError

MOST_BYTES = 16 * 1024 * 1024
MOST_CELLS = 500
MOST_SOURCE = 256 * 1024  # characters of one cell
KINDS = ("code", "markdown", "raw")


class NotANotebook(ExamineError):
    """What was submitted cannot be read as a notebook of any format that Jupyter knows."""


@dataclass(frozen=True)
class SubmittedCell:
    """One cell, reduced to what matters.

    Args:
        kind: "code", "markdown" or "raw".
        source: its text.
        grade_id: nbgrader's name of it, "" if it has none.
        claims: what its metadata says to nbgrader, unchecked; only ever compared.
    """

    kind: str
    source: str
    grade_id: str = ""
    claims: Mapping[str, Any] = field(default_factory=dict)


def read_submitted(raw: bytes) -> tuple[list[SubmittedCell], list[str]]:
    """Read the cells of a submitted notebook; outputs, ids and all other metadata are dropped.

    Args:
        raw: the file.

    Returns:
        The cells in order, and notes about what was left out.

    Raises:
        NotANotebook: no JSON, or no notebook, or larger than 16 MB.
    """
    if len(raw) > MOST_BYTES:
        raise _no_notebook(f"{len(raw)} bytes, more than {MOST_BYTES}")
    try:
        node = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _no_notebook(f"no JSON: {error}") from error
    cells = _cells(node)
    notes = []
    if len(cells) > MOST_CELLS:
        notes.append(f"The notebook has {len(cells)} cells: those after the first {MOST_CELLS} were not run.")
    found, broken, cut = [], 0, 0
    for cell in cells[:MOST_CELLS]:
        read = _cell(cell)
        if read is None:
            broken += 1
        elif len(read.source) > MOST_SOURCE:
            cut += 1
        else:
            found.append(read)
    if broken:
        notes.append(f"{broken} of its cells are no cells of a notebook, and were left out.")
    if cut:
        notes.append(f"{cut} of its cells are longer than {MOST_SOURCE} characters, and were left out.")
    return found, notes


def _cells(node: Any) -> list[Any]:
    if not isinstance(node, dict):
        raise _no_notebook(f"a JSON {type(node).__name__}")
    cells = node.get("cells")
    if cells is None and isinstance(node.get("worksheets"), list):  # format 3, of IPython before 2015
        sheets = [sheet.get("cells") for sheet in node["worksheets"] if isinstance(sheet, dict)]
        cells = [cell for sheet in sheets if isinstance(sheet, list) for cell in sheet]
    if not isinstance(cells, list):
        raise _no_notebook("JSON without a list of cells")
    return cells


def _cell(cell: Any) -> SubmittedCell | None:
    if not isinstance(cell, dict) or cell.get("cell_type") not in KINDS:
        return None
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        return None
    metadata = cell.get("metadata")
    claims = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    claims = claims if isinstance(claims, dict) else {}
    grade_id = claims.get("grade_id")
    # a lone surrogate can be read from JSON, and never be written as UTF-8 again
    text = source.encode("utf-8", "replace").decode()
    return SubmittedCell(cell["cell_type"], text, grade_id if isinstance(grade_id, str) else "", claims)


def repeated(cells: list[SubmittedCell]) -> Iterator[str]:
    """The grade ids that more than one cell has."""
    seen: set[str] = set()
    for cell in cells:
        if cell.grade_id in seen:
            yield cell.grade_id
        elif cell.grade_id:
            seen.add(cell.grade_id)


def _no_notebook(observed: str) -> NotANotebook:
    return NotANotebook("a notebook in JSON, as Jupyter saves it", observed, "open it in JupyterLab and submit again")
