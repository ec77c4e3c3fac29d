"""Published ports of a learner's containers that also answer inside another network namespace.

A submission that is graded runs in a network namespace with nothing but a loopback. What it asks of
`http://127.0.0.1:<published port>` has to reach the container, and nothing else of the host may answer. So the gateway
listens inside, on exactly the ports that are published now, and passes each connection to the container's own
address: never to a port of the host, which could be somebody else's by then.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course.gateway.errors import GatewayError
from course.gateway.hijack import LAST_WORDS, relay
from course.gateway.netns import NetworkNamespace
from course.gateway.peer import Process
from course.gateway.policy.names import EngineRequest
from course.gateway.scope import Scope
from course.gateway.upstream import Upstream
from course.gateway.wire import Wire

log = logging.getLogger("course.gateway")
Note = Callable[..., None]  # `Journal.note`
Address = tuple[str, int]
NAMESPACES = 16  # a family may have open at once
CONNECTIONS = 64  # open at once through all inner ports of one namespace; more are closed at once
CONNECT_SECONDS = 10.0
CHANGES = ("start", "die", "connect", "disconnect")  # events of the engine after which ports may differ


@dataclass
class InnerPort:
    """One port that answers inside: where it leads, and what went through it."""

    number: int
    container: str
    address: Address
    server: asyncio.Server
    connections: int = 0
    turned_away: int = 0
    received: int = 0
    sent: int = 0
    relays: set[asyncio.Task[None]] = field(default_factory=set)


@dataclass
class Inside:
    """A namespace that a family's ports are open in, until `holder` is gone or the family ends."""

    namespace: NetworkNamespace
    holder: Process
    note: Note
    ports: dict[int, InnerPort] = field(default_factory=dict)

    @property
    def connections(self) -> int:
        """How many connections are open through all its ports."""
        return sum(len(port.relays) for port in self.ports.values())


class InnerPorts:
    """The inner ports of all families on one engine; everything happens on the gateway's event loop.

    Args:
        engine: asked for what a container publishes.
        scopes: the open scopes by sid.
    """

    def __init__(self, engine: Upstream, scopes: Mapping[str, Scope]) -> None:
        self._engine, self._scopes = engine, scopes
        self._inside: dict[str, dict[str, Inside]] = {}  # by family and path
        self._looking: dict[str, asyncio.Lock] = {}  # by family
        self._background: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        spaces = [inside for family in self._inside.values() for inside in family.values()]
        return f"<InnerPorts {sum(len(inside.ports) for inside in spaces)} ports in {len(spaces)} namespaces>"

    async def open_in(self, family: str, path: Path, holder: Process, note: Note) -> list[int]:
        """Let the published ports of a family's containers, now and later, answer inside a namespace too.

        Args:
            family: the sid of the learner's first session.
            path: the namespace, see `NetworkNamespace`; one that is already open is opened again.
            holder: with this process the ports inside go.
            note: writes to the journal.

        Returns:
            The ports that answer inside now, sorted.

        Raises:
            GatewayError: no such namespace, the gateway may not enter it, its loopback is down, or too many are open.
        """
        spaces = self._inside.setdefault(family, {})
        if str(path) in spaces:
            await self._close(family, str(path))
        elif len(spaces) >= NAMESPACES:
            raise GatewayError(f"at most {NAMESPACES} namespaces for a session", "one more", "end a kernel first")
        namespace = NetworkNamespace(path)
        try:
            await asyncio.to_thread(namespace.check)
        except GatewayError:
            namespace.close()
            raise
        inside = self._inside.setdefault(family, {})[str(path)] = Inside(namespace, holder, note)
        for scope in self._family(family):
            await self.look_at_all(scope)
        note("ports.open", "published ports answer inside a network namespace too", namespace=str(path))
        return sorted(inside.ports)

    async def look(self, scope: Scope, engine_id: str) -> None:
        """Make the inner ports of a container what the engine says that it publishes now; cheap without a namespace."""
        family = scope.row.family
        if not self._inside.get(family):
            return
        async with self._looking.setdefault(family, asyncio.Lock()):
            answer = await self._engine.ask(EngineRequest("GET", ("containers", engine_id, "json")))
            wanted = published(answer.value) if answer.ok else {}
            for inside in tuple(self._inside.get(family, {}).values()):
                await self._match(inside, engine_id, wanted)

    async def look_at_all(self, scope: Scope) -> None:
        """Look at every container of a session, and close what leads to one that is gone."""
        there = scope.containers()
        for inside in self._inside.get(scope.row.family, {}).values():
            there |= {port.container: "" for port in inside.ports.values()}
        for engine_id in there:
            await self.look(scope, engine_id)

    def heard(self, event: Mapping[str, Any]) -> None:
        """Take an event of the engine: what starts or ends by itself (a restart policy, `kill`) is looked at soon."""
        if not self._inside or str(event.get("Action")) not in CHANGES:
            return
        actor = event.get("Actor") or {}
        attributes = actor.get("Attributes") or {}
        engine_id = str(attributes.get("container") if event.get("Type") == "network" else actor.get("ID"))
        for scope in tuple(self._scopes.values()):
            if scope.container_name(engine_id) is not None and self._inside.get(scope.row.family):
                task = asyncio.create_task(self._look_soon(scope, engine_id))
                self._background.add(task)
                task.add_done_callback(self._background.discard)

    async def drop_dead(self) -> list[tuple[str, str]]:
        """Close what was opened for processes that are gone; family and path of each."""
        spaces = [(family, path, inside) for family, of in self._inside.items() for path, inside in of.items()]
        dead = [(family, path) for family, path, inside in spaces if not inside.holder.alive()]
        for family, path in dead:
            await self._close(family, path)
        return dead

    async def close(self, family: str) -> None:
        """Close everything of a family; its connections break off."""
        for path in tuple(self._inside.get(family, {})):
            await self._close(family, path)
        self._inside.pop(family, None)
        self._looking.pop(family, None)

    async def close_all(self) -> None:
        """Close everything; the next gateway opens it again."""
        for task in tuple(self._background):
            task.cancel()
        for family in tuple(self._inside):
            await self.close(family)

    # ---- inside

    def _family(self, family: str) -> Iterable[Scope]:
        return [scope for scope in self._scopes.values() if scope.row.family == family]

    async def _look_soon(self, scope: Scope, engine_id: str) -> None:
        try:
            await self.look(scope, engine_id)
        except Exception:
            log.exception("looking at the ports of a container failed")

    async def _match(self, inside: Inside, engine_id: str, wanted: Mapping[int, Address]) -> None:
        for number, port in tuple(inside.ports.items()):
            if port.container == engine_id and wanted.get(number) != port.address:
                await _shut(inside, port)
        for number, address in wanted.items():
            if (there := inside.ports.get(number)) is not None:
                if there.container == engine_id:
                    continue
                await _shut(inside, there)  # the engine gave the port away, so the other container has ended
            try:
                listener = await asyncio.to_thread(inside.namespace.listen, number)
            except OSError as error:  # the submission itself listens there
                inside.note("ports.failed", f"port {number} is taken inside: {error.strerror}", port=number)
                continue
            await _serve(inside, number, engine_id, address, listener)

    async def _close(self, family: str, path: str) -> None:
        inside = self._inside.get(family, {}).pop(path, None)
        if inside is None:
            return
        for port in tuple(inside.ports.values()):
            await _shut(inside, port)
        inside.namespace.close()


class _Caller(Wire):
    """The inner end of a connection; says when it is made, and when it is gone."""

    def __init__(self, made: Callable[[_Caller], None]) -> None:
        super().__init__()
        self._made = made
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._made(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.gone.set_result(None)


async def _serve(inside: Inside, number: int, container: str, address: Address, listener: socket.socket) -> None:
    def take(caller: _Caller) -> None:
        if inside.connections >= CONNECTIONS:
            port.turned_away += 1
            caller.close()
            return
        port.connections += 1
        task = asyncio.create_task(_pass_on(port, caller))
        port.relays.add(task)
        task.add_done_callback(port.relays.discard)

    # It listens already; calls are accepted from here on, and a caller can not tell.
    server = await asyncio.get_running_loop().create_server(lambda: _Caller(take), sock=listener)
    port = inside.ports[number] = InnerPort(number, container, address, server)


async def _pass_on(port: InnerPort, caller: _Caller) -> None:
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, container = await asyncio.get_running_loop().create_connection(Wire, *port.address)
        try:
            traffic = await relay(caller, container)
        finally:
            container.close()
        port.received, port.sent = port.received + traffic.sent, port.sent + traffic.received
        caller.finish()
        await asyncio.wait({caller.gone}, timeout=LAST_WORDS)  # what it has not read by then is lost
    except (OSError, TimeoutError):
        return  # as the engine's own proxy does when nothing listens in the container: the connection ends
    finally:
        caller.close()


async def _shut(inside: Inside, port: InnerPort) -> None:
    """Stop answering on a port, break off what is open through it, and write its line of the journal."""
    inside.ports.pop(port.number, None)
    port.server.close()
    for task in port.relays:
        task.cancel()
    if port.relays:
        await asyncio.wait(set(port.relays))
    inside.note(
        "ports.close",
        f"port {port.number} answered {port.connections} connections inside a network namespace",
        port=port.number,
        container=port.container,
        connections=port.connections,
        turned_away=port.turned_away,
        received=port.received,
        sent=port.sent,
    )


def published(inspected: Mapping[str, Any]) -> dict[int, Address]:
    """Which TCP ports a running container publishes on the host, and the address of each in the container.

    Args:
        inspected: the engine's answer to an inspection.
    """
    state, settings = inspected.get("State") or {}, inspected.get("NetworkSettings") or {}
    addresses = [str(one.get("IPAddress") or "") for one in (settings.get("Networks") or {}).values()]
    address = next((one for one in addresses if one), "")
    if not state.get("Running") or not address:
        return {}
    found = {}
    for inner, bindings in (settings.get("Ports") or {}).items():
        number, _, protocol = str(inner).partition("/")
        for binding in bindings or ():
            with contextlib.suppress(ValueError):
                if protocol == "tcp":
                    found[int(binding["HostPort"])] = (address, int(number))
    return found
