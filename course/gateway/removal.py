"""Removing sessions in the background: each one once at a time, taken up again until nothing of it is left."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from course.gateway.ledger import Ledger
from course.gateway.scope import Scope
from course.gateway.sweep import Belongings, Leftover, Sweeper
from course.gateway.upstream import EngineUnavailable

log = logging.getLogger("course.gateway")


class Removals:
    """The sessions whose things are being removed.

    Args:
        ledger: where a session stays, as ending, until all of it is gone.
        sweeper: removes from the engine.
        scopes: the open scopes by sid; what they have is left alone.
        owner: the owner label's value.
        gone: is called with the sid of each session that is removed.
    """

    def __init__(
        self,
        ledger: Ledger,
        sweeper: Sweeper,
        scopes: Mapping[str, Scope],
        owner: str,
        gone: Callable[[str], None],
    ) -> None:
        self._ledger, self._sweeper, self._scopes = ledger, sweeper, scopes
        self._owner, self._gone = owner, gone
        self._under_way: dict[str, asyncio.Task[list[Leftover]]] = {}

    def __len__(self) -> int:
        return len(self._under_way)

    def begin(self, sid: str) -> asyncio.Task[list[Leftover]]:
        """Start to remove what a session made, unless that is under way; the task gives what was removed."""
        if sid not in self._under_way:
            self._ledger.mark_ending(sid)
            task = self._under_way[sid] = asyncio.create_task(self._remove(sid))
            task.add_done_callback(lambda _: self._under_way.pop(sid, None))
        return self._under_way[sid]

    def take_up(self) -> None:
        """Begin again with what could not be removed."""
        for row in self._ledger.sessions():
            if row.ending:
                self.begin(row.sid)

    async def take_up_strays(self) -> None:
        """Begin with what appeared after its session had gone.

        The engine finishes a create that a killed gateway asked for, perhaps after the next gateway has swept.

        Raises:
            EngineUnavailable: the engine does not answer.
        """
        for sid in await self._strays():
            self.begin(sid)

    async def sweep(self, *, dry_run: bool) -> list[dict[str, Any]]:
        """Remove what no open session has: sessions whose end was cut short, and sessions that no ledger knows."""
        ending = frozenset(row.sid for row in self._ledger.sessions() if row.ending)
        sids = sorted(ending | await self._strays())
        if dry_run:
            found = [(sid, await self._sweeper.find(self._belongings(sid))) for sid in sids]
        else:
            found = [(sid, await self.begin(sid)) for sid in sids]
        return [{"session": sid, "kind": t.kind, "key": t.key, "name": t.name} for sid, things in found for t in things]

    async def close(self) -> None:
        """Stop; the next gateway takes up what is left."""
        for task in tuple(self._under_way.values()):
            task.cancel()
        if self._under_way:
            await asyncio.wait(set(self._under_way.values()))

    async def _strays(self) -> frozenset[str]:
        """Sessions that exist on the engine only, without those opened while the engine was answering."""
        known = frozenset(row.sid for row in self._ledger.sessions())
        found = await self._sweeper.orphans(self._owner, known)
        return found - {row.sid for row in self._ledger.sessions()}

    def _belongings(self, sid: str) -> Belongings:
        ending = {row.sid for row in self._ledger.sessions() if row.ending} | {sid}  # as a learner's machines: at once
        others = [scope.images() | scope.leftovers() for scope in self._scopes.values() if scope.sid not in ending]
        return Belongings.of(sid, self._owner, self._ledger.entries(sid), frozenset().union(*others))

    async def _remove(self, sid: str) -> list[Leftover]:
        try:
            removed, failures = await self._sweeper.remove(self._belongings(sid))
        except EngineUnavailable as error:
            removed, failures = [], [error.observed]
        if failures:
            log.error("session %s could not be removed whole, will be tried again: %s", sid, "; ".join(failures))
        else:
            self._ledger.drop_session(sid)
            self._gone(sid)
            log.info("session %s removed: %d objects", sid, len(removed))
        return removed
