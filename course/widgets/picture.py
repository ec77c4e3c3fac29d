"""What all live pictures share: their state, their commands, and the same facts as text and as a static page."""

from __future__ import annotations

import os
import threading
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import docker
import msgspec
import traitlets
from docker.errors import DockerException

from course.engine.errors import translate
from course.errors import CourseError
from course.widgets.cells import running_cell, shown_in
from course.widgets.feed import feed_of
from course.widgets.reading import World
from course.widgets.snapshot import MARK, WIDGET_VIEW

FOLDER = Path(__file__).parent
CALL_SECONDS = 30


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """A message of the browser: a number that its answer carries, and a command."""

    id: int
    command: dict[str, str]


class NoEngineHere(CourseError):
    """A picture was asked for where DOCKER_HOST names no session."""


def source(*names: str) -> str:
    """The text of files beside this one, one after another: what the browser loads, without a bundler."""
    return "\n".join((FOLDER / name).read_text() for name in names)


def session_url() -> str:
    """The address of the session that this process is in. Raises NoEngineHere."""
    url = os.environ.get("DOCKER_HOST", "")
    if not url:
        raise NoEngineHere("a session", "DOCKER_HOST is not set", "run the set-up cell of the lesson")
    return url


class Picture(anywidget.AnyWidget):
    """A live picture of a session.

    A kind of picture gives `kind`, `commands`, `show`, `text`, `html` and `act`; JavaScript draws `state`.

    Raises:
        NoEngineHere: DOCKER_HOST is not set.
        EngineError: the engine does not answer.
    """

    kind: ClassVar[str]
    commands: ClassVar[Any]
    """The closed set of commands: a union of tagged msgspec structs."""

    state = traitlets.Dict().tag(sync=True)
    """What is drawn. Replaced as a whole, because a change inside it would notify nobody."""
    busy = traitlets.Unicode().tag(sync=True)
    """What a command does at the moment, "" when none runs."""

    def __init__(self) -> None:
        self._url = session_url()
        super().__init__()
        self._turn, self._drawing = threading.Lock(), threading.Lock()
        self._world = World()
        cell = running_cell()
        self._live = cell is not None and cell.id is not None
        self.on_msg(self._received)
        self._feed = feed_of(self._url)
        self._take(self._feed.subscribe(self._take))
        shown_in(cell, self)

    def close(self) -> None:
        """End the picture: nothing follows the engine for it any more.

        ipywidgets calls this a second time from `__del__`, which the collector runs in any thread, also in one that
        holds a lock of docker-py: what is closed already must take no lock.
        """
        if feed := self.__dict__.pop("_feed", None):
            feed.unsubscribe(self._take)
        if self.comm is not None:
            self.layout.close()  # a widget of its own, which ipywidgets would keep for ever
        super().close()

    # ---- what a kind of picture gives

    def show(self, world: World) -> dict[str, Any]:
        """The state that draws a world."""
        raise NotImplementedError

    def text(self) -> str:
        """The same facts as text."""
        raise NotImplementedError

    def html(self) -> str:
        """The same facts as static HTML, everything in it escaped."""
        raise NotImplementedError

    def act(self, command: Any, client: docker.DockerClient) -> dict[str, str]:
        """Carry out a command; the answer's fields, with a sentence in `notice`. May raise docker-py's errors."""
        raise NotImplementedError

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

    # ---- the feed and the browser

    def _take(self, world: World) -> None:
        with self._drawing:
            if world.number < self._world.number:
                return  # a newer one came first, from the other thread
            state = self.show(world)
            self._world = world
            if state != self.state:
                self.state = state

    def _received(self, _: Any, content: Any, __: Any) -> None:
        number = content.get("id") if isinstance(content, dict) else None
        try:
            asked = msgspec.convert(content, Request)
            command = msgspec.convert(asked.command, self.commands)
        except msgspec.ValidationError as error:
            self._answer(number, ok=False, notice=f"✗ this picture does not know that command: {error}")
            return
        if not self._turn.acquire(blocking=False):
            self._answer(number, ok=False, notice=f"… wait: {self.busy}")
            return
        self.busy = f"{type(command).__name__.lower()} is being done"
        threading.Thread(target=self._carry_out, args=(number, command), name="slipway-command", daemon=True).start()

    def _carry_out(self, number: int, command: Any) -> None:
        """Not in the kernel's own thread: stopping a container takes seconds, and cells go on meanwhile."""
        fields, ok = {}, False
        try:
            with closing(docker.DockerClient(base_url=self._url, version="auto", timeout=CALL_SECONDS)) as client:
                fields, ok = self.act(command, client), True
        except (DockerException, OSError) as error:
            known = translate(error)
            fields = {"notice": f"✗ {known.observed}; {known.try_next}"}
        except CourseError as error:
            fields = {"notice": f"✗ {error.observed}; {error.try_next}"}
        except Exception as error:  # a defect of a picture must be seen, not leave its buttons waiting
            fields = {"notice": f"✗ {type(error).__name__}: {error}"}
        finally:
            self._turn.release()
            self.busy = ""
            self._answer(number, ok=ok, **fields)

    def _answer(self, number: Any, *, ok: bool, **fields: str) -> None:
        if self.comm is not None:
            self.send({"re": number, "ok": ok, **fields})
