"""What all that this package draws has in common: a state, commands, and the same facts as text and as a page."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import msgspec
import traitlets
from docker.errors import DockerException

from course.engine.errors import translate
from course.errors import CourseError
from course.widgets.cells import running_cell, shown_in
from course.widgets.snapshot import MARK, WIDGET_VIEW
from course.widgets.words import far_words

FOLDER = Path(__file__).parent
REPORT_SECONDS = 0.1
"""How often, at most, the browser gets the progress of a command."""


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """A message of the browser: a number that its answer carries, and a command."""

    id: int
    command: dict[str, str | int]


class Cancel(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag="cancel"):
    """Stop the command that runs. A kind that has long commands takes it into `commands`, and asks `cancelled`."""


class Cancelled(CourseError):
    """A command was stopped before its end; `observed` says how far it came."""


def source(*names: str) -> str:
    """The text of files beside this one, one after another: what the browser loads, without a bundler."""
    return "\n".join((FOLDER / name).read_text() for name in names)


class Drawn(anywidget.AnyWidget):
    """Something drawn, which needs no engine by itself.

    A kind gives `kind`, `commands`, `text`, `html` and `perform`, and sets `state`; JavaScript draws it.
    """

    kind: ClassVar[str]
    commands: ClassVar[Any]
    """The closed set of commands: a union of tagged msgspec structs."""

    state = traitlets.Dict().tag(sync=True)
    """What is drawn. Always replaced, never changed in place, because traitlets wouldn't notice that."""
    busy = traitlets.Unicode().tag(sync=True)
    """What a command does at the moment, "" when none runs."""
    progress = traitlets.Dict().tag(sync=True)
    """How far a long command is: `words`, and `share` from 0 to 100 (None: unknown); empty when none is long."""

    def __init__(self) -> None:
        super().__init__()
        self._turn = threading.Lock()
        self.cancelled = threading.Event()
        """Set when the learner cancels; a long command looks at it, and raises `Cancelled`."""
        self._reported = 0.0
        cell = running_cell()
        self._live = cell is not None and cell.id is not None
        self.on_msg(self._received)
        shown_in(cell, self)

    def close(self) -> None:
        """End it, with the command that still runs.

        ipywidgets calls this a second time from `__del__`, which the collector runs in any thread, also in one that
        holds a lock of docker-py: what is closed already must take no lock.
        """
        if self.comm is not None:
            self.cancelled.set()
            self.layout.close()  # a separate widget, which ipywidgets would keep for ever
        super().close()

    # ---- what a kind gives

    def text(self) -> str:
        """The same facts as text."""
        raise NotImplementedError

    def html(self) -> str:
        """The same facts as static HTML, everything in it escaped."""
        raise NotImplementedError

    def perform(self, command: Any) -> dict[str, str]:
        """Carry out a command, in a thread; the answer's fields, with a sentence in `notice`.

        Raises:
            DockerException, OSError, CourseError: what went wrong; the learner sees it in words.
        """
        raise NotImplementedError

    # ---- what a long command calls again and again

    def report(self, what: str, done: int, total: int | None = None) -> None:
        """Say how far a long command is, in bytes (a `course.images.progress.Report`). A button beside it cancels.

        Raises:
            Cancelled: the learner cancelled it; whoever reports lets go of what it holds.
        """
        if self.cancelled.is_set():
            raise Cancelled(f"{what} to its end", far_words(what, done, total), "choose the same again to start over")
        if time.monotonic() - self._reported >= REPORT_SECONDS:
            self._reported = time.monotonic()
            share = min(100.0, 100 * done / total) if total else None
            self.progress = {"words": far_words(what, done, total), "share": share}

    def cancel_asked(self) -> None:
        """The learner cancels: called beside `cancelled`, by a kind whose work cannot look at it."""

    # ---- what is displayed

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Text, a static page, and the widget where a person can use it; no metadata.

        A run without a person (nbclient, a grader) gets no widget: its page would ask for a model that is gone.
        """
        page = f"<div {MARK}='{self.kind}'>{self.html()}</div>"
        bundle: dict[str, Any] = {"text/plain": self.text(), "text/html": page}
        if self._live:
            bundle[WIDGET_VIEW] = {"version_major": 2, "version_minor": 1, "model_id": self.model_id}
        return bundle, {}

    # ---- the browser

    def _received(self, _: Any, content: Any, __: Any) -> None:
        number = content.get("id") if isinstance(content, dict) else None
        try:
            asked = msgspec.convert(content, Request)
            command = msgspec.convert(asked.command, self.commands)
        except msgspec.ValidationError as error:
            self._answer(number, ok=False, notice=f"✗ this picture does not know that command: {error}")
            return
        if isinstance(command, Cancel):  # does not wait for the turn of what it stops
            self.cancelled.set()
            self.cancel_asked()
            self._answer(number, ok=True, notice="… is being cancelled" if self.busy else "○ nothing runs")
            return
        if not self._turn.acquire(blocking=False):
            self._answer(number, ok=False, notice=f"… wait: {self.busy}")
            return
        self.cancelled.clear()
        self.busy = f"{type(command).__name__.lower()} is being done"
        threading.Thread(target=self._carry_out, args=(number, command), name="slipway-command", daemon=True).start()

    def _carry_out(self, number: int, command: Any) -> None:
        """Not in the kernel's own thread: stopping a container takes seconds, and cells go on meanwhile."""
        fields, ok = {}, False
        try:
            fields, ok = self.perform(command), True
        except Cancelled as stopped:
            fields = {"notice": f"○ cancelled: {stopped.observed}"}
        except (DockerException, OSError) as error:
            known = translate(error)
            fields = {"notice": f"✗ {known.observed}; {known.try_next}"}
        except CourseError as error:
            fields = {"notice": f"✗ {error.observed}; {error.try_next}"}
        except Exception as error:  # a defect of a picture must be seen, not leave its buttons waiting
            fields = {"notice": f"✗ {type(error).__name__}: {error}"}
        finally:
            self._turn.release()
            self.busy, self.progress = "", {}
            self._answer(number, ok=ok, **fields)

    def _answer(self, number: Any, *, ok: bool, **fields: str) -> None:
        if self.comm is not None:
            self.send({"re": number, "ok": ok, **fields})
