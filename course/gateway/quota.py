"""How much sessions have written, and the end of the biggest writer of one that wrote too much.

The engine limits what a container writes to memory, but not what it writes to disk (GATEWAY.md, item 27): so the
gateway looks every few seconds, while something runs, and ends the container that holds most.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course.gateway.adopt import label_filter, listing
from course.gateway.journal_file import Journal
from course.gateway.policy.names import OWNER_LABEL, SESSION_LABEL, EngineRequest
from course.gateway.scope import Scope
from course.gateway.upstream import Upstream

log = logging.getLogger("course.gateway")


@dataclass(frozen=True)
class Written:
    """What one container holds on disk.

    Args:
        engine_id: the container.
        size: bytes of its writable layer and of the volumes that it mounts.
    """

    engine_id: str
    size: int


class QuotaWatcher:
    """Measures and enforces `Limits.bytes_written` for the sessions of one gateway.

    Args:
        engine: where.
        owner: the owner label's value.
    """

    def __init__(self, engine: Upstream, owner: str) -> None:
        self._engine, self._owner = engine, owner
        self._mountpoints: dict[str, Path | None] = {}
        self.running = True  # whether a container of any session ran at the last look

    async def look(self, sessions: Iterable[tuple[Scope, Journal]]) -> None:
        """Measure every session once, if anything runs, and end the biggest writer of each that is over its quota.

        Raises:
            EngineUnavailable: the engine is away.
        """
        labels = label_filter({OWNER_LABEL: self._owner})
        sessions = list(sessions)
        self.running = bool(sessions and await listing(self._engine, ("containers", "json"), {"filters": labels}))
        if not self.running:
            return
        rows = await listing(self._engine, ("containers", "json"), {"all": "1", "size": "1", "filters": labels})
        by_session: dict[str, list[Mapping[str, Any]]] = {}
        for row in rows:
            by_session.setdefault(str((row.get("Labels") or {}).get(SESSION_LABEL)), []).append(row)
        for scope, journal in sessions:
            await self._judge(scope, journal, by_session.get(scope.sid, []))

    async def _judge(self, scope: Scope, journal: Journal, rows: list[Mapping[str, Any]]) -> None:
        volumes = {name: await self._volume_size(name) for name in scope.volumes()}
        scope.measured(sum(int(row.get("SizeRw") or 0) for row in rows) + sum(volumes.values()))
        limit, used = scope.policy.limits.bytes_written, scope.used("bytes_written")
        writer = biggest_writer(rows, volumes)
        if used <= limit or writer is None:
            return
        name = scope.container_name(writer.engine_id) or writer.engine_id[:12]
        answer = await self._engine.ask(EngineRequest("POST", ("containers", writer.engine_id, "kill")))
        words = (
            f"the session's quota of bytes written is {limit // 1024**2} MiB and {used // 1024**2} MiB are used: the "
            f"container {name}, which holds {writer.size // 1024**2} MiB, was ended. Remove what you no longer need"
        )
        if answer.ok:
            journal.note("quota.kill", words, container=name, id=writer.engine_id, used=used, limit=limit)
            log.warning("session %s: %s", scope.sid, words)

    async def _volume_size(self, name: str) -> int:
        """Bytes in a volume, where its folder can be read from here; else 0 (the engine's own count takes too long)."""
        if name not in self._mountpoints:
            answer = await self._engine.ask(EngineRequest("GET", ("volumes", name)))
            if not answer.ok:
                return 0
            folder = Path(str(answer.value.get("Mountpoint") or "/nonexistent"))
            if len(self._mountpoints) > 1000:
                self._mountpoints.clear()
            self._mountpoints[name] = folder if os.access(folder, os.R_OK | os.X_OK) else None
        found = self._mountpoints[name]
        return await asyncio.to_thread(disk_usage, found) if found else 0


def biggest_writer(rows: Iterable[Mapping[str, Any]], volumes: Mapping[str, int]) -> Written | None:
    """The running container that holds most, None when nothing runs.

    Args:
        rows: containers as GET /containers/json?size=1 lists them.
        volumes: bytes by volume name.
    """
    running = [
        Written(
            str(row["Id"]),
            int(row.get("SizeRw") or 0) + sum(volumes.get(str(m.get("Name")), 0) for m in row.get("Mounts") or ()),
        )
        for row in rows
        if row.get("State") == "running"
    ]
    return max(running, key=lambda written: written.size, default=None)


def disk_usage(folder: Path) -> int:
    """Bytes that files below a folder take on disk; a file with several names counts once, links are not followed."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for below, _, names in os.walk(folder):
        for name in names:
            try:
                found = (Path(below) / name).lstat()
            except OSError:
                continue  # removed meanwhile
            if (found.st_dev, found.st_ino) not in seen:
                seen.add((found.st_dev, found.st_ino))
                total += found.st_blocks * 512
    return total
