"""Long work of a cell as a picture, one row for each part of it: a build's instructions, the layers of a transfer."""

from __future__ import annotations

import signal
import threading
from typing import Any, ClassVar, Protocol

from IPython.display import DisplayHandle

from course.widgets.cells import Cell, running_cell
from course.widgets.drawn import Cancel, Drawn, source


class Work(Protocol):
    """What a cell works at: the same facts as state, as text and as HTML."""

    @property
    def ended(self) -> bool:
        """Whether it is over, well or not."""

    def as_state(self) -> dict[str, Any]:
        """What `work.js` draws."""

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]: ...


class WorkPicture(Drawn):
    """Work that the running cell does. Its button Cancel interrupts the cell, as the stop button of the front end does.

    The message of the button comes while the cell runs where the front end sends it to a subshell (JupyterLab 4.4,
    Notebook 7.4 and later with ipykernel 7); else the page asks the server to interrupt the kernel.

    Args:
        work: what is shown; it has changed whenever `update` is called.
    """

    kind: ClassVar[str] = "work"
    commands = Cancel
    _esm = source("parts.js", "work.js")
    _css = source("tokens.css", "work.css")

    def __init__(self, work: Work) -> None:
        self._work, self._ending = work, threading.Lock()
        super().__init__()
        self.busy = "the cell runs"
        self.update()

    def update(self) -> None:
        """Draw the work as it is now."""
        self.state = self._work.as_state()
        if self._work.ended:
            with self._ending:
                self.busy = ""

    def text(self) -> str:
        """The text of the work."""
        return self._work._repr_mimebundle_()["text/plain"]

    def html(self) -> str:
        """The HTML of the work."""
        return self._work._repr_mimebundle_()["text/html"]

    def perform(self, command: Any) -> dict[str, str]:
        """No command but Cancel."""
        raise NotImplementedError

    def cancel_asked(self) -> None:
        """Interrupt the cell, if it is still at this work."""
        with self._ending:
            main = threading.main_thread()
            if self.busy and threading.current_thread() is not main:
                signal.pthread_kill(main.ident or 0, signal.SIGINT)


class InPlace:
    """Shows work in the running cell, and its changes in the same place: `update(work)` after each.

    Where a person sees the cell it is a live picture; elsewhere (nbclient, a grader, a console) text and HTML.

    Args:
        asked: whether the cell asks for it; then `shows_its_work` is true of this run of the cell.
    """

    _asking_run: ClassVar[str] = ""

    def __init__(self, *, asked: bool = True) -> None:
        cell = running_cell()
        self._live = cell is not None and cell.id is not None
        if asked and cell is not None:
            InPlace._asking_run = cell.run
        self._handle = DisplayHandle()
        self._picture: WorkPicture | None = None
        self._shown = False

    @staticmethod
    def shows_its_work(cell: Cell) -> bool:
        """Whether this run of a cell has asked for a picture of what it works at."""
        return InPlace._asking_run == cell.run

    def update(self, work: Work) -> None:
        """Show the work as it is now; the last time, when it has ended, also in what will be saved."""
        if not self._shown:
            self._picture, self._shown = (WorkPicture(work) if self._live else None), True
            self._handle.display(self._picture or work)
            return
        if self._picture:
            self._picture.update()
        if work.ended or not self._picture:
            self._handle.update(self._picture or work)
