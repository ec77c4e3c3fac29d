"""One feed for each engine address of a kernel: follows its events and hands what changed to the pictures.

Two threads: one waits for events, the other reads the world when there were any. Both end when nobody listens.
Where nobody can see a picture change (`STILL`), there are none: each picture gets the world as it is when it is made.
"""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import docker
from docker.errors import DockerException
from requests.exceptions import RequestException

from course.engine.errors import translate
from course.widgets.reading import Reader, World

GATHER_SECONDS = 0.05
"""Events that arrive within this time are answered by one reading."""
SETTLE_SECONDS = (0.3, 1.0, 3.0)
"""When to read again after an event: the engine tells that a container died, then takes its network down, and only then
lists it as exited (20.10); no event says when that is done."""
AGAIN_SECONDS = 1.0
"""How long to wait before a broken stream of events is opened again."""
CALL_SECONDS = 60
QUIET = ("exec_", "attach", "top", "resize", "health_status", "archive-path", "extract-to-dir", "save")
"""Beginnings of the names of events after which no state is another one."""
STILL = "SLIPWAY_STILL_PICTURES"
"""The variable that says that pictures are only kept, as in the notebook of a submission, and never looked at live."""
WRITING = ("exec_die", "extract-to-dir")
"""Events after which a container may have other files."""

Receiver = Callable[[World], None]


class Feed:
    """Tells worlds to whoever subscribed.

    Args:
        url: of a session's or an engine's socket.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._receivers: list[weakref.WeakMethod[Receiver]] = []
        self._following: _Following | None = None
        self._turn = threading.RLock()

    def __repr__(self) -> str:
        state = "following" if self._following else "at rest"
        return f"<Feed {state}, {len(self._receivers)} receivers>"

    def subscribe(self, receiver: Receiver) -> World:
        """Tell a bound method every later world, from a thread; the world now.

        Only a weak reference is kept: an object that nobody else needs is forgotten.

        Raises:
            EngineError: the engine does not answer at all.
        """
        if os.environ.get(STILL):
            with contextlib.closing(_client(self.url)) as client:
                return Reader(client).read()
        with self._turn:
            following = self._following = self._following or _Following(self.url, self._tell)
            self._receivers.append(weakref.WeakMethod(receiver))
        return following.reader.read()  # not in turn: whoever waits for the engine must not make others wait

    def unsubscribe(self, receiver: Receiver) -> None:
        """Tell this method nothing more. The threads end when it was the last one."""
        with self._turn:
            self._receivers = [known for known in self._receivers if known() not in (None, receiver)]
            self._rest_if_alone()

    def _tell(self, world: World) -> None:
        with self._turn:
            receivers = [receiver for known in self._receivers if (receiver := known()) is not None]
            self._receivers = [known for known in self._receivers if known() is not None]
            self._rest_if_alone()
        for receiver in receivers:
            receiver(world)

    def _rest_if_alone(self) -> None:
        if not self._receivers and self._following is not None:
            self._following.end()
            self._following = None


_feeds: dict[str, Feed] = {}
_feeds_turn = threading.Lock()


def feed_of(url: str) -> Feed:
    """The one feed of this process for an address."""
    with _feeds_turn:
        return _feeds.setdefault(url, Feed(url))


class _Following:
    """The two threads, the client and the stream of a feed that somebody listens to."""

    def __init__(self, url: str, tell: Receiver) -> None:
        self._client = _client(url)
        self.reader = Reader(_client(url))  # a separate client, because it closes its connections after each reading
        self._tell = tell
        self._ended, self._changed = threading.Event(), threading.Event()
        self._stream: Any = None
        self._turn = threading.Lock()
        self._waiting = threading.Thread(target=self._wait, name="slipway-feed-events", daemon=True)
        self._waiting.start()
        threading.Thread(target=self._read, name="slipway-feed-facts", daemon=True).start()

    def end(self) -> None:
        """Ask both threads to end; does not wait for them."""
        with self._turn:
            self._ended.set()
            self._close_stream()
        self._changed.set()

    def _wait(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(DockerException, RequestException, OSError, ValueError, AttributeError):
                # a stream that another thread closes ends with one of several errors
                self._follow()
            self._changed.set()  # read after a break too: what happened meanwhile, or what the trouble is
            self._ended.wait(AGAIN_SECONDS)

    def _follow(self) -> None:
        stream = self._client.api.events(decode=True)  # docker-py waits for the next event without a time limit
        with self._turn:
            self._stream = stream
            if self._ended.is_set():
                self._close_stream()
                return
        self._changed.set()  # what happened before the stream began
        for event in stream:
            action = str(event.get("Action", ""))
            self.reader.touched += action.startswith(WRITING)
            self.reader.others += event.get("Type") in ("network", "volume")
            if not action.startswith(QUIET) or action.startswith(WRITING):
                self._changed.set()

    def _read(self) -> None:
        last: World | None = None
        again: Iterator[float] = iter(())
        while True:
            happened = self._changed.wait(next(again, None))
            if happened:
                self._ended.wait(GATHER_SECONDS)
                again = iter(SETTLE_SECONDS)
            if self._ended.is_set():
                break
            if happened:
                self._changed.clear()
            world = self.reader.read()
            if world != last:
                last = world
                self._tell(world)
        self._waiting.join()
        self._client.close()

    def _close_stream(self) -> None:
        if self._stream is not None:
            with contextlib.suppress(Exception):  # broken already
                self._stream.close()


def _client(url: str) -> docker.DockerClient:
    try:
        return docker.DockerClient(base_url=url, version="auto", timeout=CALL_SECONDS)
    except (DockerException, OSError) as error:
        raise translate(error) from error
