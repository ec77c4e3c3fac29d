"""A live picture: it is redrawn whenever the session's engine changes."""

from __future__ import annotations

import os
import threading
from contextlib import closing
from typing import Any

import docker

from course.errors import CourseError
from course.widgets.drawn import Drawn
from course.widgets.drawn import source as source
from course.widgets.feed import feed_of
from course.widgets.reading import World

CALL_SECONDS = 30


class NoEngineHere(CourseError):
    """A picture was asked for where DOCKER_HOST names no session."""


def session_url() -> str:
    """The address of the session that this process is in. Raises NoEngineHere."""
    url = os.environ.get("DOCKER_HOST", "")
    if not url:
        raise NoEngineHere("a session", "DOCKER_HOST is not set", "run the set-up cell of the lesson")
    return url


class Picture(Drawn):
    """A live picture of a session.

    A kind of picture gives `kind`, `commands`, `show`, `text`, `html` and `act`; JavaScript draws `state`.

    Raises:
        NoEngineHere: DOCKER_HOST is not set.
        EngineError: the engine does not answer.
    """

    def __init__(self) -> None:
        self._url = session_url()
        super().__init__()
        self._drawing = threading.RLock()
        self._world = World()
        self._feed = feed_of(self._url)
        self._take(self._feed.subscribe(self._take))

    def close(self) -> None:
        """End the picture: nothing follows the engine for it any more. Takes no lock when it is closed already."""
        if feed := self.__dict__.pop("_feed", None):
            feed.unsubscribe(self._take)
        super().close()

    def show(self, world: World) -> dict[str, Any]:
        """The state that draws a world."""
        raise NotImplementedError

    def act(self, command: Any, client: docker.DockerClient) -> dict[str, str]:
        """Carry out a command; the answer's fields, with a sentence in `notice`. May raise docker-py's errors."""
        raise NotImplementedError

    def perform(self, command: Any) -> dict[str, str]:
        """Run a command with a separate client."""
        with closing(docker.DockerClient(base_url=self._url, version="auto", timeout=CALL_SECONDS)) as client:
            return self.act(command, client)

    def redraw(self) -> None:
        """Draw the same world again, because what the picture itself knows has changed."""
        with self._drawing:
            state = self.show(self._world)
            if state != self.state:
                self.state = state

    def _take(self, world: World) -> None:
        with self._drawing:
            if world.number < self._world.number:
                return  # a newer one came first, from the other thread
            state = self.show(world)
            self._world = world
            if state != self.state:
                self.state = state
