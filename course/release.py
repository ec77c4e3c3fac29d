"""The released copy of a notebook, without nbgrader: a learner's machine does not need nbgrader to open a lesson.

The steps are those of `nbgrader generate_assignment` (nbgrader 0.9.6, `GenerateAssignment.preprocessors`), as far as
they don't need the gradebook. `tests/lesson_api/test_release.py` compares the result with nbgrader's own, cell by cell.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

CODE_STUB = "# your code here"
"""Stands for a solution region: a comment both in Python and in a Dockerfile, so an untouched starter cell runs."""
TEXT_STUB = "*Your words here.*"


def release(node: Any) -> Any:
    """Turn a source notebook into what a learner gets; the node itself is changed.

    Solutions, hidden tests, mark schemes and outputs are taken out, check cells are locked, checksums are added.

    Args:
        node: an nbformat 4 notebook node.

    Returns:
        The same node.

    Raises:
        RuntimeError: a region has no end, holds another, or is in a cell of the wrong type.
    """
    node.metadata.pop("celltoolbar", None)
    for cell in node.cells:
        _clear_solution(cell)
        _lock(cell)
        _clear(cell, "HIDDEN TESTS", "grade")
        _clear(cell, "MARK SCHEME", "task")
        _clear_output(cell)
    for cell in node.cells:
        _add_checksum(cell)
    return node


def _is(cell: Any, kind: str) -> bool:
    """Whether nbgrader counts a cell as `grade`, `solution`, `task` or `locked` (nbgrader/utils.py)."""
    given = cell.metadata.get("nbgrader", {})
    if kind == "locked" and "nbgrader" in cell.metadata and not given.get("solution"):
        return bool(given.get("grade") or given.get("locked"))
    return bool(kind != "locked" and given.get(kind))


def _clear_solution(cell: Any) -> None:
    stub = CODE_STUB if cell.cell_type == "code" else TEXT_STUB
    found = _clear(cell, "SOLUTION", "solution", stub)
    if _is(cell, "solution") and not found:
        cell.source = stub


def _clear(cell: Any, region: str, kind: str, stub: str | None = None) -> bool:
    """Take every region between its BEGIN and END lines out of a cell, or put a stub in its place.

    Returns:
        Whether the cell had one.
    """
    kept: list[str] = []
    inside = found = False
    for line in cell.source.split("\n"):
        if f"BEGIN {region}" in line:
            if inside:
                raise RuntimeError(f"a {region} region begins inside another one")
            inside = found = True
            if stub is not None:
                kept.append(f"{_indent(line)}{stub}")
        elif f"END {region}" in line:
            inside = False
        elif not inside:
            kept.append(line)
        elif region == "MARK SCHEME" and re.search(r"!\[.*\]\(attachment:.+?\)", line):
            raise RuntimeError("a mark scheme shows an attachment, which the released notebook would keep")
    if inside:
        raise RuntimeError(f"a {region} region has no end")
    if found and not _is(cell, kind):
        raise RuntimeError(f"a {region} region in a cell that is not marked as {kind}")
    cell.source = "\n".join(kept)
    return found


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _lock(cell: Any) -> None:
    if _is(cell, "solution"):
        cell.metadata["deletable"] = False
    elif _is(cell, "grade") or _is(cell, "locked"):
        cell.metadata["deletable"] = cell.metadata["editable"] = False


def _clear_output(cell: Any) -> None:
    if cell.cell_type == "code":
        cell.outputs = []
        cell.execution_count = None
        for name in ("collapsed", "scrolled"):
            cell.metadata.pop(name, None)


def _add_checksum(cell: Any) -> None:
    """Note what nbgrader compares before it grades (`nbgrader.utils.compute_checksum`)."""
    if not any(_is(cell, kind) for kind in ("grade", "solution", "locked")):
        return
    given = cell.metadata["nbgrader"]
    # nbgrader writes the flags as they stand in the metadata
    grade, solution = given.get("grade", False), given.get("solution", False)
    locked = False if solution else True if grade else given.get("locked", False)
    told = [cell.source, cell.cell_type, str(grade), str(solution), str(locked), given["grade_id"]]
    told += [str(float(given["points"]))] if grade else []
    given["checksum"] = hashlib.md5("".join(told).encode(), usedforsecurity=False).hexdigest()
    given["cell_type"] = cell.cell_type
