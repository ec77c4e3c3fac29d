"""Which cell shows which pictures: a cell that is run again closes those of its last run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol


class Closable(Protocol):
    """A picture, as far as a cell knows it."""

    def close(self) -> None: ...


@dataclass(frozen=True)
class Cell:
    """The running cell. `id` is the notebook's, None where a front end names none; `run` is that of the request."""

    id: str | None
    code: str
    run: str

    @property
    def key(self) -> str:
        """What is the same when the cell is run again."""
        return self.id or self.code


@dataclass
class _Shown:
    run: str
    pictures: list[Closable] = field(default_factory=list)


_shown: dict[str, _Shown] = {}


def running_shell() -> Any:
    """The shell of this kernel, None outside IPython."""
    from IPython import get_ipython

    return get_ipython()


def running_cell() -> Cell | None:
    """The cell that this kernel runs, None outside a kernel.

    JupyterLab and Notebook 7 send the cell's id with each request (`metadata.cellId`); nbclient sends none.
    """
    kernel = getattr(running_shell(), "kernel", None)
    if kernel is None:
        return None
    request: dict[str, Any] = kernel.get_parent("shell") or {}
    cell_id = (request.get("metadata") or {}).get("cellId")
    code = (request.get("content") or {}).get("code") or ""
    return Cell(cell_id, code, (request.get("header") or {}).get("msg_id") or "")


def shown_in(cell: Cell | None, picture: Closable) -> None:
    """Note a picture of a cell, and close those of the cell's earlier run."""
    if cell is None:
        return
    shown = _shown.get(cell.key)
    if shown is None or shown.run != cell.run:
        for earlier in shown.pictures if shown else ():
            earlier.close()
        shown = _shown[cell.key] = _Shown(cell.run)
    shown.pictures.append(picture)
