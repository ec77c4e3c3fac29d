"""A notebook as plain text and back: quick to write and to review. The .ipynb stays the source of truth.

Each cell starts with a line `%%% ROLE ID`, with `points=`, `misconceptions=M1,M5` or `kind=markdown` behind it where
needed. Tags, nbgrader metadata and the kind of the cell follow from the role.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import nbformat

from course.errors import CourseError
from course.notebooks import GRADED, KERNEL, ROLES, Cell

_MARKDOWN = frozenset({"title", "story", "lead", "misconception", "exercise", "recap", "own-words", "next"})
_HEAD = re.compile(r"^%%% (?P<role>\S+) (?P<id>\S+)(?P<rest>.*)$", re.MULTILINE)
_NBGRADER = {"schema_version": 3, "task": False}
_METADATA = {
    "kernelspec": {"display_name": "Docker course", "language": "python", "name": KERNEL},
    "language_info": {"name": "python"},
}


class TextError(CourseError):
    """The text of a notebook cannot be read."""


@dataclass(frozen=True)
class _Head:
    role: str
    id: str
    options: dict[str, str]


def from_text(text: str) -> nbformat.NotebookNode:
    """The notebook that a text describes.

    Raises:
        TextError: no cell, an unknown role, or an option that is not `key=value`.
    """
    matches = list(_HEAD.finditer(text))
    if not matches:
        raise TextError("cells that start with %%% ROLE ID", "none", "see grader/authoring/source/text.py")
    ends = [match.start() for match in matches[1:]] + [len(text)]
    cells = [_node(_head(match), text[match.end() : end].strip("\n")) for match, end in zip(matches, ends, strict=True)]
    node: nbformat.NotebookNode = nbformat.from_dict(
        {"cells": cells, "metadata": _METADATA, "nbformat": 4, "nbformat_minor": 5}
    )
    return node


def to_text(cells: tuple[Cell, ...]) -> str:
    """The text that `from_text` turns back into these cells."""
    return "\n\n".join(f"{_head_line(cell)}\n{cell.source}" for cell in cells) + "\n"


def _head(match: re.Match[str]) -> _Head:
    pairs = [part.partition("=") for part in match["rest"].split()]
    if match["role"] not in ROLES or any(not sign for _, sign, _ in pairs):
        raise TextError(
            f"a role ({', '.join(ROLES)}), an id, then key=value", match[0], "correct this line of the text"
        )
    return _Head(match["role"], match["id"], {key: value for key, _, value in pairs})


def _node(head: _Head, source: str) -> dict[str, Any]:
    kind = head.options.get("kind") or ("markdown" if head.role in _MARKDOWN else "code")
    metadata: dict[str, Any] = {"tags": [head.role, *filter(None, head.options.get("tags", "").split(","))]}
    if nbgrader := _nbgrader(head, kind):
        metadata["nbgrader"] = nbgrader
    if named := head.options.get("misconceptions"):
        metadata["slipway"] = {"misconceptions": named.split(",")}
    code: dict[str, Any] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "id": head.id, "metadata": metadata, "source": source, **code}


def _nbgrader(head: _Head, kind: str) -> dict[str, Any]:
    if head.role in GRADED:
        points = float(head.options.get("points", 1))
        shown = int(points) if points.is_integer() else points
        flags = {"grade": True, "locked": True, "solution": False, "points": shown}
    elif head.role == "starter":
        flags = {"grade": False, "locked": False, "solution": True}
    else:
        return {}
    return {**_NBGRADER, **flags, "grade_id": head.id, "cell_type": kind}


def _head_line(cell: Cell) -> str:
    parts = ["%%%", cell.role or "lead", cell.id]
    if cell.role in GRADED:
        parts.append(f"points={cell.points:g}")
    if cell.slipway.get("misconceptions"):
        parts.append("misconceptions=" + ",".join(cell.slipway["misconceptions"]))
    if cell.kind != ("markdown" if cell.role in _MARKDOWN else "code"):
        parts.append(f"kind={cell.kind}")
    if extra := [tag for tag in cell.tags if tag != cell.role]:
        parts.append("tags=" + ",".join(extra))
    return " ".join(parts)
