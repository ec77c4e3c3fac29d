"""When exercise cards look at their goals again: after a change on the engine and after a cell, never while one runs.

What a look asks is not known here: see `looker`.
"""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, Protocol

from course.errors import CourseError
from course.widgets.cells import running_shell
from course.widgets.feed import Feed, feed_of
from course.widgets.picture import session_url
from course.widgets.reading import World

QUIET_SECONDS = 0.4
"""A look begins when nothing has changed for so long: `docker run` alone is four events."""
RESTS = 10
"""How many times as long as a look the pause after it is: a health check each second is a change each second."""
STALE_SECONDS = 3.0
"""A look that still waits for something after this time gives way when there has been another change."""


class Card(Protocol):
    """A card, as far as its looks are concerned."""

    def look(self, stale: Callable[[], bool]) -> None:
        """Look at the goals and show what has changed; give up when `stale()` says so."""


class Looking:
    """The one thread that looks for all cards of this kernel; it ends when there is none."""

    def __init__(self) -> None:
        self._cards: weakref.WeakSet[Any] = weakref.WeakSet()
        self._turn = threading.Condition()
        self._changes = self._looked = 0
        self._cell_runs = False
        self._hooked = False
        self._thread: threading.Thread | None = None

    def follow(self, card: Card) -> None:
        """From now on look for this card. Called when a cell shows it, so a cell runs."""
        with self._turn:
            if not self._hooked and (shell := running_shell()) is not None:
                shell.events.register("pre_run_cell", self._cell_begins)
                shell.events.register("post_run_cell", self._cell_ended)
                self._hooked = self._cell_runs = True
            self._cards.add(card)
            if self._thread is None:
                self._changes += 1  # the first look follows the engine
                self._thread = threading.Thread(target=self._run, name="slipway-looks", daemon=True)
                self._thread.start()

    def leave(self, card: Card) -> None:
        """Look no more for this card."""
        with self._turn:
            self._cards.discard(card)
            self._turn.notify_all()

    def changed(self, _: World | None = None) -> None:
        """Something may be different: look again when it is quiet."""
        with self._turn:
            self._changes += 1
            self._turn.notify_all()

    def _cell_begins(self, *_: object) -> None:
        with self._turn:
            self._cell_runs = True
            self._turn.notify_all()

    def _cell_ended(self, *_: object) -> None:
        with self._turn:
            self._cell_runs = False
            self._changes += 1  # a value that a goal asks for is no event of the engine
            self._turn.notify_all()

    def _run(self) -> None:
        feed: Feed | None = None
        while self._wait():
            feed = self._of_this_session(feed)
            stale, began = self._stale_after(self._looked), time.monotonic()
            for card in tuple(self._cards):
                card.look(stale)
            self._rest(RESTS * (time.monotonic() - began))
        if feed is not None:
            feed.unsubscribe(self.changed)

    def _rest(self, seconds: float) -> None:
        with self._turn:
            self._turn.wait_for(lambda: not self._cards, seconds)

    def _wait(self) -> bool:
        """Wait for the end of a change; False where no card is left."""
        with self._turn:
            while True:
                self._turn.wait_for(self._has_work)
                if not self._cards:
                    self._thread = None
                    return False
                self._looked = self._changes
                if not self._turn.wait_for(self._has_work, QUIET_SECONDS) and not self._cell_runs:
                    return True

    def _has_work(self) -> bool:
        return not self._cards or (self._changes != self._looked and not self._cell_runs)

    def _stale_after(self, changes: int) -> Callable[[], bool]:
        patience = time.monotonic() + STALE_SECONDS
        return lambda: self._cell_runs or (self._changes != changes and time.monotonic() > patience)

    def _of_this_session(self, feed: Feed | None) -> Feed | None:
        """The feed of the session that this kernel is in now, subscribed to."""
        with contextlib.suppress(CourseError):  # no session, or an engine that does not answer: the next cell asks
            now = feed_of(session_url())
            if now is not feed:
                now.subscribe(self.changed)
                if feed is not None:
                    feed.unsubscribe(self.changed)
                return now
        return feed


LOOKING = Looking()
"""The one of this process."""
