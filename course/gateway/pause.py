"""The time of a check: meanwhile a session's own door answers nothing, and what the check does is not seen later."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping
from typing import Any

PATIENCE = 35.0  # seconds that calls under way have; a stop has 30 before the engine kills (`Limits.stop_timeout`)
CANCELLED = 5.0  # seconds that a cancelled call has to let go of the engine
READING = ("GET", "HEAD")
WAITS = ("container.wait",)  # a POST that changes nothing


class Pause:
    """Whether the learner's door of one session answers. `repr` tells its state.

    A call that comes during a pause waits for its end. Calls that change something and came before it are waited for,
    and those that are not done after `PATIENCE` are broken off.
    """

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self._calls: set[asyncio.Future[Any]] = set()
        self._completing: set[asyncio.Future[Any]] = set()
        self._spans: list[tuple[float, float]] = []

    def __repr__(self) -> str:
        return f"<Pause {'off' if self._open.is_set() else 'on'}, {len(self._calls)} calls under way>"

    async def enter(self) -> None:
        """Wait until the door answers, and count the call of this task as one under way."""
        await self._open.wait()
        if (task := asyncio.current_task()) is not None:
            self._calls.add(task)
            task.add_done_callback(self._calls.discard)

    def leave(self) -> None:
        """The call of this task changes nothing, or nothing any more."""
        if (task := asyncio.current_task()) is not None:
            self._calls.discard(task)

    def completing(self, work: asyncio.Future[Any]) -> None:
        """Count work that goes on when its client has gone."""
        self._completing.add(work)
        work.add_done_callback(self._completing.discard)

    async def begin(self, patience: float = PATIENCE) -> None:
        """Close the door, and wait until nothing of the learner's is under way."""
        self._open.clear()
        if under_way := self._calls | self._completing:
            await asyncio.wait(under_way, timeout=patience)
        if late := set(self._calls):
            for task in late:
                task.cancel()
            await asyncio.wait(late, timeout=CANCELLED)
        self._spans.append((time.time(), math.inf))

    def end(self) -> None:
        """Open the door again."""
        if self._spans and self._spans[-1][1] == math.inf:
            self._spans[-1] = (self._spans[-1][0], time.time())
        self._open.set()

    def covers(self, event: Mapping[str, Any]) -> bool:
        """Whether an event of the engine is from the time of a check."""
        when = float(event.get("timeNano") or 0) / 1e9 or float(event.get("time") or 0)
        return any(begun <= when <= ended for begun, ended in self._spans)
