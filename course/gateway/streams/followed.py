"""A container's log on its way to a client: all that the engine has, whatever becomes of the container meanwhile.

Engine 20.10 may end a followed log without its last line, and a client such as docker-py's `run` reads what it follows
only after it has removed the container. So a followed log is completed from the engine's own copy once the container
has ended, and a removal waits until that is done.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from course.gateway.policy.names import EngineRequest
from course.gateway.streams.log import REMOVED, LogReader, after, after_last, has_end, notice, quota_reached, size_of
from course.gateway.streams.spool import Room, Spool
from course.gateway.upstream import EngineResponse, Upstream

SETTLE = 50.0  # seconds that a removal waits at most; docker-py waits 60 for its answer
FEW_LINES = "4"  # compared at the end of a log that was followed from its start
MANY_LINES = "1000"  # compared at the end of one that was not
LAST_BYTES = 4 * 1024 * 1024


class Followers:
    """The followed logs of all sessions, by container."""

    def __init__(self) -> None:
        self._spools: dict[str, set[Spool]] = {}
        self._rooms: dict[str, Room] = {}
        self.cut: set[str] = set()  # containers that were removed before their followers had all

    @contextlib.contextmanager
    def spool(self, sid: str, engine_id: str, room: int) -> Iterator[Spool]:
        """A spool for one follower of a container.

        Args:
            sid: the session.
            engine_id: the container.
            room: bytes on disk that all spools of the session have together.
        """
        with Spool(self._rooms.setdefault(sid, Room(room))) as spool:
            self._spools.setdefault(engine_id, set()).add(spool)
            try:
                yield spool
            finally:
                self._spools[engine_id].discard(spool)
                if not self._spools[engine_id]:
                    del self._spools[engine_id]
                    self.cut.discard(engine_id)

    async def settle(self, engine: Upstream, engine_id: str, *, kill: bool = False) -> None:
        """Before a removal: wait until the followers of a container that has ended have all of its log.

        Args:
            engine: where.
            engine_id: the container.
            kill: whether the removal is one that ends a running container.
        """
        spools = tuple(self._spools.get(engine_id, ()))
        if not spools:
            return
        if kill:
            await engine.ask(EngineRequest("POST", ("containers", engine_id, "kill")))
        found = await engine.ask(EngineRequest("GET", ("containers", engine_id, "json")))
        if not found.ok or found.value["State"].get("Running"):
            return
        for spool in spools:
            spool.release()
        try:
            async with asyncio.timeout(SETTLE):
                for spool in spools:
                    await spool.filled.wait()
        except TimeoutError:
            self.cut.add(engine_id)


@dataclass
class LogRequest:
    """One request for a log, with what the engine says of its container.

    Args:
        engine: where.
        request: the engine's request; both streams are asked for, so that all of the log is counted.
        reader: what passes.
        framed: whether the container has no terminal.
        quota: bytes of a log file before the engine begins a new one, 0 for no limit.
    """

    engine: Upstream
    request: EngineRequest
    reader: LogReader
    framed: bool
    quota: int

    async def pieces(self, response: EngineResponse, cut: Collection[str] = ()) -> AsyncIterator[bytes]:
        """The log for the client, completed when it was followed, and with a last line when something may be missing.

        Args:
            response: the engine's.
            cut: the containers that are removed before their followers have all.
        """
        began = time.time()
        async for piece in response:
            if passed := self.reader.feed(piece):
                yield passed
        if self.request.query.get("follow") == "1":
            async for piece in self._missed(began):
                if passed := self.reader.feed(piece):
                    yield passed
        if self.quota and self.reader.on_disk >= self.quota:
            yield notice(quota_reached(self.quota), self.framed)
        elif self.request.parts[1] in cut:
            yield notice(REMOVED, self.framed)

    async def _missed(self, began: float) -> AsyncIterator[bytes]:
        """What the engine's copy has behind the last followed byte, once the container has ended."""
        found = await self.engine.ask(EngineRequest("GET", ("containers", self.request.parts[1], "json")))
        if not found.ok or found.value["State"].get("Running"):
            return
        query = {key: value for key, value in self.request.query.items() if key != "follow"}
        if query.get("tail", "all") != "all":
            query |= {"tail": MANY_LINES} | ({} if self.reader.seen else {"since": f"{began:.6f}"})
            if missing := after_last(await self._read(query), self.reader.last):
                yield missing
        elif not has_end(self.reader.last, await self._read(query | {"tail": FEW_LINES}), self.framed):
            async with self.engine.send(replace(self.request, query=query)) as response:
                if response.status == 200:
                    async for piece in after(aiter(response), self.reader):
                        yield piece

    async def _read(self, query: dict[str, str | tuple[str, ...]]) -> bytes:
        """The log as the engine has it; nothing when it is longer than expected, or the container is gone."""
        data = bytearray()
        async with self.engine.send(replace(self.request, query=query)) as response:
            if response.status != 200:
                return b""
            async for piece in response:
                data += piece
                if len(data) > LAST_BYTES:
                    return b""
        return bytes(data)


def log_request(engine: Upstream, request: EngineRequest, facts: dict[str, Any]) -> LogRequest:
    """Read from the inspection of a container how its log is to be read.

    Args:
        engine: where.
        request: the request for its log.
        facts: the answer to its inspection.
    """
    framed = not facts["Config"].get("Tty")
    config = (facts["HostConfig"].get("LogConfig") or {}).get("Config") or {}
    wanted = tuple(number for number, key in ((1, "stdout"), (2, "stderr")) if request.query.get(key) == "1")
    if wanted:
        request = replace(request, query={**request.query, "stdout": "1", "stderr": "1"})
    return LogRequest(engine, request, LogReader(framed, wanted), framed, size_of(str(config.get("max-size", ""))))
