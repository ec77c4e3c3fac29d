"""The sessions of one gateway: opening, adopting, ending them, and what happens by itself in between."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course.gateway import checking, peer
from course.gateway.adopt import reconcile
from course.gateway.errors import GatewayError, NameTaken, NoSession
from course.gateway.guard import Guard, Note, guard_for, keep
from course.gateway.home import Home, check_length
from course.gateway.journal_file import Journal, forget_old
from course.gateway.leasebook import LeaseBook
from course.gateway.ledger import Ledger, SessionRow
from course.gateway.policy import choice
from course.gateway.policy.limits import POLICIES
from course.gateway.policy.names import EngineRequest
from course.gateway.policy.reference import ENGINE_HOST
from course.gateway.quota import QuotaWatcher
from course.gateway.removal import Removals
from course.gateway.scope import WORKSPACE, Scope, new_sid, owner
from course.gateway.server import DataPlane, SessionServer
from course.gateway.surroundings import Surroundings
from course.gateway.sweep import Leftover, Sweeper
from course.gateway.upstream import EngineUnavailable
from course.gateway.views import ChecksView, LearnersView
from course.paths import state_dir

log = logging.getLogger("course.gateway")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,79}", re.ASCII)
TICK = 0.5  # seconds between looks at leases
QUOTA_PAUSE = 3.0  # seconds between looks at what was written
QUOTA_SHARE = 10  # … and at least so many times what a look took: the engine counts each container's layer
RETRY_TICKS = 20  # … for each attempt to remove what could not be removed
NAMESPACE = "namespace"  # in the ledger, beside the objects
IN_PROC = re.compile(r"/proc/(\d+)/")  # a path that goes with a process
LAST_WORDS = 0.02  # seconds that calls under way have when a session ends; 0 would mean for ever (aiohttp)
ENGINE_TICKS = 4  # … for each look at whether the engine still answers


@dataclass
class Live:
    """An open session: its scope, its journal, its door, that of the checks where marks count, and why it will end."""

    scope: Scope
    journal: Journal
    server: SessionServer
    checks: SessionServer | None = None
    reason: str = ""

    async def close(self, patience: float) -> None:
        """Close both doors, then the journal; calls under way have so many seconds."""
        await self.server.close(patience)
        if self.checks is not None:
            await self.checks.close(patience)
        self.journal.close()

    def facts(self, leases: int) -> dict[str, Any]:
        """The facts that clients get."""
        row = self.scope.row
        return {
            "id": row.sid,
            "name": row.name,
            "policy": row.policy,
            "says": self.scope.policy.says,
            "family": row.family,
            "url": self.server.url,
            "checks_url": self.checks.url if self.checks else "",
            "created": row.created,
            "leases": leases,
            "containers": len(self.scope.containers()),
            "images": len(self.scope.images()),
            "networks": len(self.scope.networks()),
            "volumes": len(self.scope.volumes()),
            "connections": self.server.connections,
            "streams": self.server.streams,
            "bytes_written": self.scope.used("bytes_written"),
            "starved": self.scope.starved and not self.scope.was_beyond,
        }


class Sessions:
    """All open sessions on one engine; everything happens on the gateway's event loop.

    Args:
        home: the gateway's folders.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self.owner = owner(state_dir())
        self.scopes: dict[str, Scope] = {}
        self._live: dict[str, Live] = {}
        self._ledger = Ledger(home.state / "ledger.db")
        self._leases = LeaseBook(self._ledger)
        self._plane = DataPlane(home.engine_socket, self.scopes)
        self._engine, self._networks = self._plane.engine, self._plane.shared.networks
        self._around = Surroundings(self._engine, home.engine_socket, self.owner, home.state.name)
        self._background: set[asyncio.Task[list[Leftover]]] = set()
        self._opening: dict[str, asyncio.Task[Live]] = {}
        self._own_work: list[asyncio.Task[None]] = []
        self._guard: Guard | None = None

    # ---- life of the gateway

    async def start(self) -> None:
        """Meet the engine, adopt the sessions that may go on, and begin to remove the rest.

        Raises:
            EngineUnavailable: the engine does not answer.
        """
        info = await self._plane.start()
        await self._around.meet(info)
        sweeper = Sweeper(self._engine, self._around.cgroups)
        self._removals = Removals(self._ledger, sweeper, self.scopes, self.owner, self._forget)
        self._quota = QuotaWatcher(self._engine, self.owner)
        rows = self._ledger.sessions()
        heads = {row.sid for row in rows if not row.ending}
        for row in rows:
            if not row.ending and row.family in heads:
                await self._adopt(row)
        for live in tuple(self._live.values()):  # a machine's containers answer inside too, so all of them live by now
            await self._open_ports_again(live)
        for row in rows:
            if row.sid not in self._live:
                self._removals.begin(row.sid)
        self._own_work = [asyncio.create_task(self._tick()), asyncio.create_task(self._watch_quotas())]
        self._guard = guard_for(self._engine, info, peer.listener_pid(self._home.engine_socket), self._around.cgroups)
        if self._guard is not None:
            self._own_work.append(asyncio.create_task(keep(self._guard, self._marked)))

    async def close(self) -> None:
        """Stop without ending any session: the next gateway adopts them."""
        for task in self._own_work:
            task.cancel()
        await asyncio.wait(self._own_work)
        await self._removals.close()
        await self._plane.shared.inner_ports.close_all()  # they write to the journals
        for live in self._live.values():
            await live.close(LAST_WORDS)
        await self._plane.close()
        self._ledger.close()

    @property
    def busy(self) -> bool:
        """Whether a session is in use or being removed; kept sessions that rest wait for the next gateway."""
        ending = any(row.ending for row in self._ledger.sessions())
        return ending or any(not self._rests(live) for live in self._live.values())

    def _rests(self, live: Live) -> bool:
        """Whether nobody holds a kept session, is connected to it or has something running."""
        family = live.scope.row.family
        if not self._leases.is_kept(family) or self._leases.holders(family):
            return False
        return not live.server.connections and not self._quota.running

    def status(self) -> dict[str, Any]:
        """What `course gateway status` shows."""
        return {
            "engine": self._home.engine,
            "sessions": len(self._live),
            "ending": len(self._removals),
            "log": str(self._home.log),
            **self._around.status(),
        }

    # ---- sessions

    def find(self, ref: str) -> Live:
        """An open session by id or name.

        Raises:
            NoSession: there is none.
        """
        for live in self._live.values():
            if ref in (live.scope.sid, live.scope.name) and not live.reason:
                return live
        names = ", ".join(sorted(live.scope.name for live in self._live.values())) or "none is open"
        raise NoSession(f"an open session {ref!r}", names, "`course session list`")

    def facts(self) -> list[dict[str, Any]]:
        """The facts of every open session, oldest first."""
        return [self.facts_of(live) for live in self._live.values()]

    def facts_of(self, live: Live) -> dict[str, Any]:
        """The facts of one session."""
        return live.facts(self._leases.holders(live.scope.row.family))

    async def open(self, name: str, policy: str, *, family: str = "", find: bool = False, workspace: str = "") -> Live:
        """Open a session.

        Args:
            name: unique among the open ones.
            policy: "own", "class", "grading" or "trusted"; "" for what this gateway gives (`policy.choice`).
            family: the sid of the first session of the same learner, "" to begin a family.
            find: whether an open session of that name and policy is as good.
            workspace: the folder whose folders may be mounted, where the policy lets any; "" for none.

        Raises:
            NameTaken: the name is in use.
            GatewayError: no such policy, or this gateway does not give it.
            EngineUnavailable: the engine is away.
        """
        if not NAME.fullmatch(name):
            raise GatewayError("a name of up to 80 letters, digits and . _ + -", repr(name), "choose another name")
        given = choice.given(policy, os.environ)
        if name in self._opening:  # first: it serves already, but takes no lease before it is admitted
            if find:
                return await asyncio.shield(self._opening[name])
            raise NameTaken("a name that is free", f"{name!r} is being opened", "choose another name")
        for live in self._live.values():
            if live.scope.name == name and not live.reason:
                if find and (live.scope.row.policy == given.name or (not policy and not live.scope.policy.marks)):
                    return live
                raise NameTaken("a name that is free", f"{name!r} is open", f"`course session end {name}`")
        task = self._opening[name] = asyncio.create_task(self._open(name, given.name, family, workspace))
        task.add_done_callback(lambda _: self._opening.pop(name, None))
        return await asyncio.shield(task)

    async def _open(self, name: str, policy: str, family: str, workspace: str) -> Live:
        sid = new_sid()
        row = SessionRow(sid, name, policy, family or sid, time.time())
        self._ledger.add_session(row)
        if workspace and POLICIES[policy].binds:
            self._ledger.put(sid, WORKSPACE, workspace, "")
        try:
            await self._around.refresh_bases()
            live = await self._go_live(row)
            await asyncio.gather(self._mark(live.scope), self._networks.default(live.scope))
            if family and (family not in self._live or self._live[family].reason):
                raise NoSession("the session that the machine belongs to", "it has ended", "open it again")
        except BaseException:
            await self._stop_serving(sid)
            self._removals.begin(sid)
            raise
        if not family:
            self._leases.admit(sid, live.scope.policy.grace)
        live.journal.note("session.open", f"session {name} opened", name=name, policy=policy)
        return live

    def machine(self, of: Live, name: str) -> tuple[str, str]:
        """Name and family of a further machine of the same learner."""
        head = self._live.get(of.scope.row.family, of)
        return f"{head.scope.name}+{name}", head.scope.sid

    async def end(self, sid: str, reason: str) -> list[Leftover]:
        """End a session and its machines, and remove all that they made.

        Returns:
            What was removed.
        """
        family = [live.scope.sid for live in self._live.values() if sid in (live.scope.sid, live.scope.row.family)]
        tasks = []
        for member in family:
            self._live[member].reason = reason
            self._live[member].journal.note("session.end", f"session ended: {reason}")
            self._ledger.mark_ending(member)
        if sid in family and self._live[sid].scope.row.family == sid:
            self._leases.forget(sid)
        for member in family:
            await self._stop_serving(member)
            tasks.append(self._removals.begin(member))
        return [thing for removed in await asyncio.gather(*tasks) for thing in removed]

    async def end_all(self, reason: str) -> None:
        """End every session and wait until all of it is removed."""
        for sid in [live.scope.sid for live in self._live.values() if live.scope.row.family == live.scope.sid]:
            await self.end(sid, reason)
        for sid in tuple(self._live):
            await self.end(sid, reason)
        for row in self._ledger.sessions():
            await self._removals.begin(row.sid)

    async def sweep(self, *, dry_run: bool) -> list[dict[str, Any]]:
        """Remove, or show, what ended and vanished sessions left."""
        return await self._removals.sweep(dry_run=dry_run)

    # ---- leases

    def hold(self, live: Live, token: str, process: peer.Process) -> None:
        """Give a process a lease on the session's family."""
        self._leases.hold(live.scope.row.family, token, process)

    def hold_open(self, live: Live) -> None:
        """Hold a session without a process."""
        self._leases.hold_open(live.scope.row.family)

    def keep_for(self, live: Live, seconds: float) -> None:
        """Keep a learner's session until it was not used for so long; one for grading ends as its policy says."""
        if seconds > 0 and not live.scope.policy.marks:
            self._leases.keep_for(live.scope.row.family, seconds)

    def holds(self, live: Live, token: str) -> bool:
        """Whether the lease is still held and the session is open."""
        return live.scope.sid in self._live and self._leases.holds(live.scope.row.family, token)

    def release(self, live: Live, token: str) -> None:
        """Release a lease; a session that nobody needs any longer ends immediately."""
        self._leases.release(live.scope.row.family, token)
        self._end_expired()

    # ---- checks

    async def pause(self, live: Live, paused: bool) -> None:
        """Begin or end the time of a check in a session and its machines; see `Client.paused`."""
        family = [one.scope for one in self._live.values() if one.scope.row.family == live.scope.row.family]
        await (checking.begin(family) if paused else checking.end(family, self._engine))

    # ---- ports inside another network namespace

    async def open_ports_in(self, live: Live, path: Path) -> list[int]:
        """Let the published ports of a session and its machines answer inside a namespace; see `InnerPorts.open_in`."""
        family = live.scope.row.family
        found = IN_PROC.match(str(path))
        holder = peer.identify(int(found[1]) if found else 0)
        ports = await self._plane.shared.inner_ports.open_in(family, path, holder, self._live[family].journal.note)
        self._ledger.put(family, NAMESPACE, str(path), f"{holder.pid}:{holder.started}:{path.stat().st_ino}")
        return ports

    async def _open_ports_again(self, live: Live) -> None:
        """Open what an earlier gateway had open; what is gone, or is another namespace by now, is forgotten."""
        family = live.scope.sid
        for entry in [entry for entry in self._ledger.entries(family) if entry.kind == NAMESPACE]:
            pid, started, inode = (int(part) for part in entry.value.split(":"))
            try:
                if not peer.Process(pid, started).alive() or Path(entry.key).stat().st_ino != inode:
                    raise FileNotFoundError(entry.key)
                await self.open_ports_in(live, Path(entry.key))
            except (GatewayError, OSError) as error:
                log.info("ports of session %s no longer answer inside %s: %s", family, entry.key, error)
                self._ledger.drop(family, NAMESPACE, entry.key)

    # ---- inside

    async def _go_live(self, row: SessionRow) -> Live:
        policy = POLICIES[row.policy]
        self._networks.firewalled = await self._around.ensure_firewall()
        await self._around.bound(row.sid, policy.limits)
        scope = Scope(
            row, self._ledger, self._around.bases, self.scopes, self.owner, self._around.cgroups.parent(row.sid)
        )
        self.scopes[row.sid] = scope
        notes = Journal(self._home.journals, row.sid)
        path = check_length(self._home.run / f"{row.sid}.sock")
        server = await self._plane.serve(LearnersView(scope), path, notes.write)
        checks = None
        if policy.marks:
            path = check_length(self._home.run / f"{row.sid}.c.sock")
            checks = await self._plane.serve(ChecksView(scope), path, notes.write, for_checks=True)
        live = self._live[row.sid] = Live(scope, notes, server, checks)
        return live

    async def _adopt(self, row: SessionRow) -> None:
        live = await self._go_live(row)
        await reconcile(self._engine, live.scope)
        await self._networks.default(live.scope)
        if row.family == row.sid:
            self._leases.readmit(row.sid, live.scope.policy.grace)
        live.journal.note("session.adopt", "the gateway was started again")

    async def _mark(self, scope: Scope) -> None:
        """Leave a tag that says whose session this is, should the ledger be lost; only gateways can write such tags."""
        for image_id in sorted(self._around.bases.ids)[:1]:
            query = {"repo": f"{ENGINE_HOST}/{scope.sid}/owner", "tag": self.owner}
            await self._engine.ask(EngineRequest("POST", ("images", image_id, "tag"), query))

    def _forget(self, sid: str) -> None:
        self._networks.forget(sid)
        forget_old(self._home.journals)

    async def _stop_serving(self, sid: str) -> None:
        live = self._live.pop(sid, None)
        self.scopes.pop(sid, None)
        if live:
            await self._plane.shared.inner_ports.close(sid)
            await live.close(LAST_WORDS)

    def _end_expired(self) -> None:
        for family in self._leases.expired():
            kept = self._leases.is_kept(family)
            self._end_soon(family, "nobody used it for a long time" if kept else "its last lease is gone")
        now = time.time()
        for live in tuple(self._live.values()):
            if now - live.scope.row.created > live.scope.policy.limits.lifetime:
                self._end_soon(live.scope.sid, "its lifetime is over")

    def _end_soon(self, sid: str, reason: str) -> None:
        if sid in self._live and not self._live[sid].reason:
            self._live[sid].reason = reason
            log.info("session %s ends: %s", sid, reason)
            task = asyncio.create_task(self.end(sid, reason))
            self._background.add(task)
            task.add_done_callback(self._background.discard)

    def _marked(self) -> list[tuple[Scope, Note]]:
        return [(live.scope, live.journal.note) for live in self._live.values() if live.scope.policy.marks]

    async def _tick(self) -> None:
        """What happens by itself: dead holders, ended graces and lifetimes, removals that failed before."""
        count = 0
        while True:
            await asyncio.sleep(TICK)
            count += 1
            try:
                for live in self._live.values():
                    self._leases.use(live.scope.row.family, live.server.used)
                self._leases.drop_dead()
                for family, path in await self._plane.shared.inner_ports.drop_dead():
                    self._ledger.drop(family, NAMESPACE, path)
                self._end_expired()
                await self._upkeep(count)
            except EngineUnavailable as error:
                self._around.away = self._around.away or error.observed
            except Exception:
                log.exception("the gateway's own work failed; it goes on")

    async def _upkeep(self, count: int) -> None:
        if count % ENGINE_TICKS == 0 and await self._around.came_back():
            log.info("the engine is back")
            for live in tuple(self._live.values()):
                await self._around.bound(live.scope.sid, live.scope.policy.limits)
                await reconcile(self._engine, live.scope)
                await self._networks.default(live.scope)
        if self._live and (count % RETRY_TICKS == 0 or not self._around.bases_complete):
            await self._around.refresh_bases()
        if count % RETRY_TICKS == 0:
            self._networks.firewalled = await self._around.ensure_firewall(0.0)
            self._removals.take_up()
            await self._removals.take_up_strays()

    async def _watch_quotas(self) -> None:
        loop = asyncio.get_running_loop()
        pause = QUOTA_PAUSE
        while True:
            await asyncio.sleep(pause)
            began = loop.time()
            try:
                guarded = self._guard is not None
                looked_at = [live for live in self._live.values() if not (guarded and live.scope.policy.marks)]
                await self._quota.look([(live.scope, live.journal) for live in looked_at])
            except EngineUnavailable:
                pass  # the other task sees it too, and says so
            except Exception:
                log.exception("measuring what sessions wrote failed; it goes on")
            pause = max(QUOTA_PAUSE, QUOTA_SHARE * (loop.time() - began))
