"""Which cell of a lesson's notebook is running: found by its id, or by its text where the front end names no id."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from course.widgets.cells import Cell

MOST_NOTEBOOKS = 20
MOST_BYTES = 50_000_000
"""Further notebooks of a folder, and larger ones, are not read."""
_GOAL = "-goal"


@dataclass(frozen=True)
class LessonCell:
    """A cell of a notebook on disk.

    Args:
        notebook: the file.
        id: the cell's id.
        tags: what the lesson says it is for, such as `starter`.
        exercise: the id of the nearest exercise above it, "" if none is.
    """

    notebook: Path
    id: str
    tags: tuple[str, ...]
    exercise: str

    def has(self, *roles: str) -> bool:
        """Whether the lesson gives the cell one of these roles."""
        return not set(roles).isdisjoint(self.tags)


@dataclass(frozen=True)
class _OnDisk:
    cell: LessonCell
    source: str


_last: list[str] = []
"""The exercise whose cell ran last."""
_read: dict[Path, tuple[tuple[int, int], tuple[_OnDisk, ...]]] = {}


def running_lesson_cell() -> LessonCell | None:
    """The cell that this kernel runs, None where no notebook of this folder has it.

    JupyterLab and Notebook 7 name the cell's id. Others name none, or another one; there the text decides,
    if only one cell has it.
    """
    from course.widgets.cells import running_cell

    running = running_cell()
    found = find(running, _notebooks(Path.cwd())) if running else None
    if found and found.exercise:
        _last[:] = [found.exercise]
    return found


def nearest_exercise() -> str:
    """The id of the exercise that the running cell belongs to; "" if none is known.

    A cell that was added since the notebook was saved is not on disk; then it is the exercise that ran last.
    """
    found = running_lesson_cell()
    return found.exercise if found else next(iter(_last), "")


def find(running: Cell, notebooks: list[Path]) -> LessonCell | None:
    """The cell in one of these files."""
    cells = [cell for notebook in notebooks for cell in _cells(notebook)]
    found = [one.cell for one in cells if running.id and one.cell.id == running.id]
    found = found or [one.cell for one in cells if one.source and one.source == running.code]
    return found[0] if len(found) == 1 else None


def code_cells(folder: Path) -> list[str]:
    """The text of every code cell of this kernel's notebook, as it is on disk."""
    return [one.source for notebook in _notebooks(folder) for one in _cells(notebook) if one.source]


def cells_of(exercise: str, folder: Path) -> list[LessonCell]:
    """The cells of an exercise, as they are on disk."""
    cells = [one.cell for notebook in _notebooks(folder) for one in _cells(notebook)]
    return [cell for cell in cells if cell.exercise == exercise]


def _notebooks(folder: Path) -> list[Path]:
    """The notebook that the server names as this kernel's own, else those of the folder."""
    named = Path(os.environ.get("JPY_SESSION_NAME") or "none")
    if named.suffix == ".ipynb" and named.is_file():
        return [named]
    return sorted(folder.glob("*.ipynb"))[:MOST_NOTEBOOKS]


def _cells(notebook: Path) -> tuple[_OnDisk, ...]:
    try:
        found = notebook.stat()
        stamp = (found.st_mtime_ns, found.st_size)
        if notebook not in _read or _read[notebook][0] != stamp:
            content = notebook.read_text("utf-8") if found.st_size <= MOST_BYTES else "{}"
            _read[notebook] = (stamp, _parsed(notebook, json.loads(content)))
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):  # moved, half written, or no notebook
        return ()
    return _read[notebook][1]


def _parsed(notebook: Path, content: dict[str, Any]) -> tuple[_OnDisk, ...]:
    cells, exercise = [], ""
    for cell in content.get("cells") or ():
        tags = tuple(str(tag) for tag in (cell.get("metadata") or {}).get("tags") or ())
        id_ = str(cell.get("id") or "")
        if "exercise" in tags and id_.endswith(_GOAL):
            exercise = id_.removesuffix(_GOAL)
        source = "".join(cell.get("source") or "") if cell.get("cell_type") == "code" else ""
        cells.append(_OnDisk(LessonCell(notebook, id_, tags, exercise), source))
    return tuple(cells)
