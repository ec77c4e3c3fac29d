"""A session's door: an HTTP server on a Unix socket that matches, decides, forwards and translates each call."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage
from aiohttp.web_protocol import RequestHandler

from course.engine.call_advice import step_after
from course.gateway import peer
from course.gateway.connection import Connection
from course.gateway.errors import in_one_line, translated
from course.gateway.exchange import EngineSaid, Exchange, Plane
from course.gateway.handlers import TABLE, Handler
from course.gateway.hijack import Spent
from course.gateway.inner_ports import InnerPorts
from course.gateway.journal_file import Entry
from course.gateway.networks import Networks
from course.gateway.pause import READING, WAITS
from course.gateway.policy import query, routes
from course.gateway.policy.limits import Limits
from course.gateway.policy.names import EngineRequest
from course.gateway.policy.query import Query
from course.gateway.policy.refusal import Refusal
from course.gateway.policy.routes import Call
from course.gateway.room import STREAMS, Room
from course.gateway.runtime import Runtime
from course.gateway.scope import Scope
from course.gateway.streams.frontend import Builders
from course.gateway.upstream import EngineUnavailable, Upstream
from course.gateway.watch import watch
from course.gateway.wire import share_of_memory

log = logging.getLogger("course.gateway")
Matcher = Callable[[str, str], Call]
READ_SIZE = 256 * 1024
WRITE_AHEAD = 512 * 1024  # bytes that may wait for a client before the engine is made to wait; less when there are many
BACKLOG = 1024  # connections that may wait to be accepted; past it a client's connect() fails
NO_BODY = (b"", b"null", b"{}")  # docker-py sends null with a push
GONE = 499  # the client went before there was an answer; one that had read a part of it got the answer's own status
HEADERS, HEADER_SIZE = 32, 64 * 1024  # the CLI sends all logins of its user with a build
NO_CALL = Call("none", "", {}, {}, None, "none")


class DataPlane:
    """The part of a gateway that carries the calls of all its sessions to one engine.

    Args:
        engine_socket: path of the engine's Unix socket.
        scopes: the open scopes by sid, kept by the control plane.
    """

    def __init__(self, engine_socket: Path, scopes: Mapping[str, Scope]) -> None:
        self.engine = Upstream(engine_socket)
        networks, inner_ports = Networks(self.engine, firewalled=False), InnerPorts(self.engine, scopes)
        self.shared = Plane(self.engine, scopes, networks, inner_ports)
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> dict[str, Any]:
        """Meet the engine and follow its events; what it says of itself (`GET /info`).

        Raises:
            EngineUnavailable: when the engine does not answer or is too old.
        """
        version = await self.engine.version()
        self.shared.headers.update(answer_headers(version))
        info = await self.engine.ask(EngineRequest("GET", ("info",)))
        if not info.ok:
            raise EngineUnavailable(info.message)
        self.shared.runtime = Runtime.of(info.value, await asyncio.to_thread(peer.listener_pid, self.engine.socket))
        self.shared.builders = Builders.of(info.value)
        self._watch = asyncio.create_task(watch(self.engine, self.shared.scopes, self.shared.inner_ports))
        told: dict[str, Any] = info.value
        return told

    async def serve(
        self, scope: Scope, path: Path, journal: Callable[[Entry], None], *, for_checks: bool = False
    ) -> SessionServer:
        """Open a session's socket, mode 0600.

        Args:
            scope: the session.
            path: where the socket is made; at most 107 bytes; a file that is there is replaced.
            journal: is called once for each call.
            for_checks: whether it is the door of the checks, which answers while the learner's does not.
        """
        server = SessionServer(scope, path, self.shared, journal, for_checks=for_checks)
        await server.start()
        return server

    async def close(self) -> None:
        """Stop following events, let work that must be completed end, and drop every connection."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait({self._watch})
        await self.shared.inner_ports.close_all()
        if self.shared.background:
            await asyncio.wait(set(self.shared.background), timeout=10.0)
        self.engine.close()


class SessionServer:
    """One session's socket. `repr` tells the session and how many connections are open."""

    def __init__(
        self,
        scope: Scope,
        path: Path,
        shared: Plane,
        journal: Callable[[Entry], None],
        *,
        match: Matcher | None = None,
        table: Mapping[str, Handler] = TABLE,
        for_checks: bool = False,
    ) -> None:
        self._for_checks = for_checks
        self.scope, self.path = scope, path
        self._shared, self._journal, self._table = shared, journal, table
        self._match = match or (routes.match_reaching if scope.policy.registries else routes.match)
        self._listener: asyncio.Server | None = None
        self._protocols: _Protocols | None = None
        self._calls: dict[asyncio.Task[Any], Exchange] = {}
        self._used = 0.0

    def __repr__(self) -> str:
        return f"<SessionServer {self.scope.sid}, {self.connections} connections, {self.streams} streams>"

    @property
    def url(self) -> str:
        """The value for DOCKER_HOST."""
        return f"unix://{self.path}"

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._protocols.connections) if self._protocols else 0

    @property
    def streams(self) -> int:
        """How many of the calls under way are streams."""
        return sum(x.call.route in STREAMS for x in self._calls.values())

    @property
    def used(self) -> float:
        """When it was last called, in seconds since the epoch: now while a call is under way, 0 for never."""
        return time.time() if self._calls else self._used

    async def start(self) -> None:
        """Open the socket; nobody else may connect, not even for a moment."""
        self._protocols = _Protocols(self._handle, self.scope.policy.limits)
        self.path.unlink(missing_ok=True)
        # The folder is private (0700), so the socket is out of reach until its mode is set.
        self._listener = await asyncio.get_running_loop().create_unix_server(
            self._protocols, str(self.path), backlog=BACKLOG
        )
        self.path.chmod(0o600)

    async def close(self, patience: float = 2.0) -> None:
        """Remove the socket and end every connection; calls under way have `patience` seconds."""
        if self._listener is not None:
            self._listener.close()
        self.path.unlink(missing_ok=True)
        if self._protocols is not None:
            await self._protocols.shutdown(max(patience, 0.05))  # aiohttp waits for ever on 0
            self._protocols.room.close()
        if self._calls:  # cancelled by now; each still writes its line of the journal
            await asyncio.wait(set(self._calls), timeout=2.0)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        x = Exchange(request, NO_CALL, Query({}), self.scope, self._shared)
        if (task := asyncio.current_task()) is not None:
            self._calls[task] = x
            task.add_done_callback(lambda done: self._calls.pop(done, None))
        if not self._for_checks:
            await self.scope.pause.enter()
        began, clock = time.time(), time.monotonic()
        self._used = began
        x.note = lambda route, words: self._note(x, route, words)
        decision, status, message = "allowed", 0, ""
        try:
            answer, decision, message = await self._answer(x)
            status = answer.status
            if x.closes and not answer.prepared:
                answer.force_close()
            return answer
        finally:
            if isinstance(request.protocol, Connection):
                request.protocol.idle_since = asyncio.get_running_loop().time()
            if self._protocols is not None:
                self._protocols.room.trim_later()
            self._journal(
                Entry(
                    time=began,
                    session=self.scope.sid,
                    method=request.method,
                    route=x.call.route,
                    asked=dict(x.call.params) | x.asked,
                    decision="check" if self._for_checks and decision == "allowed" else decision,
                    status=status or (x.said if request.method == "GET" else 0) or GONE,
                    duration=round(time.monotonic() - clock, 6),
                    received=x.received,
                    sent=x.sent,
                    outcome=x.outcome,
                    message=message,
                )
            )

    def _note(self, x: Exchange, route: str, words: str) -> None:
        decision = "check" if self._for_checks else "event"
        outcome = dict(x.outcome)
        self._journal(Entry(time.time(), self.scope.sid, "", route, decision=decision, outcome=outcome, message=words))

    async def _answer(self, x: Exchange) -> tuple[web.StreamResponse, str, str]:
        try:
            return await self._decide(x), "allowed", ""
        except (ConnectionError, asyncio.CancelledError):
            raise  # the client has gone; aiohttp closes the connection
        except Exception as error:
            decision, status, message = self._explain(x, error)
            if x.said:  # the head of an answer has been sent: breaking off is all that is left to say
                log.warning("broke off %s in session %s: %s", x.call.route, self.scope.sid, message)
                if x.request.transport is not None:
                    x.request.transport.abort()  # a client of a chunked body sees that it is not whole
                return Spent(status), decision, message
            if isinstance(error, EngineSaid):
                return x.translated_error(error.answer), decision, message
            return x.json({"message": message, **_apart(error)}, status), decision, message

    def _explain(self, x: Exchange, error: Exception) -> tuple[str, int, str]:
        """Decision, status and words for a call that failed."""
        match error:
            case Refusal():
                return ("unknown" if error.status == 404 else "refused"), error.status, error.message
            case EngineSaid():
                return "failed", error.answer.status, error.answer.message
            case EngineUnavailable():
                return "failed", 503, f"The engine cannot be used: {error.observed}. Try: {error.try_next}"
        return "failed", 500, in_one_line(translated(error))

    async def _decide(self, x: Exchange) -> web.StreamResponse:
        assert self._protocols is not None  # it brought the call
        room = self._protocols.room
        _check_coding(x.request)
        await _continue(x.request)
        call = self._match(x.request.method, x.request.raw_path)
        x.closes = True  # with a refusal
        room.admit(call, self._calls.values())
        x.call, x.closes = call, room.is_crowded
        if x.request.method in READING or x.call.route in WAITS:
            x.scope.pause.leave()
        x.query = query.parse(x.call, reaching=bool(x.scope.policy.registries))
        if x.call.body == "none" and (await x.body()).strip() not in NO_BODY:
            raise Refusal("This call takes no body", "the engine could read it in place of the query", status=400)
        return await self._table[x.call.route](x)


def _request(
    message: RawRequestMessage,
    body: StreamReader,
    connection: RequestHandler,
    writer: AbstractStreamWriter,
    task: asyncio.Task[None],
) -> web.BaseRequest:
    if isinstance(connection, Connection):
        connection.body = body
    return web.BaseRequest(message, body, connection, writer, task, asyncio.get_running_loop())


class _Protocols(web.Server):
    """aiohttp's server, with room for so many connections; one past all limits is closed unanswered."""

    def __init__(self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], limits: Limits) -> None:
        # A client that vanishes stops its call, and with it the engine's work.
        super().__init__(handler, request_factory=_request, handler_cancellation=True)
        self.room = Room(limits, lambda: self.connections)

    def __call__(self) -> RequestHandler:
        return Connection(
            self,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]  # aiohttp takes None for no log; its annotation does not say so
            auto_decompress=False,
            read_bufsize=READ_SIZE,
            max_line_size=routes.LONGEST + 1024,  # past LONGEST it is refused in words
            max_headers=HEADERS,
            max_field_size=HEADER_SIZE,
            lingering_time=10.0,
        )

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        # On a busy machine the engine, this process and the client rarely run at the same time: give each some work.
        transport.set_write_buffer_limits(high=share_of_memory(WRITE_AHEAD, len(self.connections)))
        self.room.trim()
        if len(self.connections) > self.room.most and not self.room.squeeze():
            transport.abort()


def answer_headers(version: str) -> dict[str, str]:
    """The headers of every answer; `Builder-Version: 1` makes the docker CLI use the classic builder."""
    return {
        "Api-Version": version,
        "Ostype": "linux",
        "Docker-Experimental": "false",
        "Builder-Version": "1",
        "Server": "Slipway",
    }


def _apart(error: Exception) -> dict[str, dict[str, str]]:
    """The parts of a refusal beside its sentence, for who shows them on lines of their own (`course.engine.errors`)."""
    if not isinstance(error, Refusal) or error.status == 404:
        return {}
    observed = f"{error.what}: {error.why}" if error.why else error.what
    try_next = error.instead or step_after(observed) or "leave that out, or change it"
    return {"refused": {"observed": observed, "try_next": try_next}}


def _check_coding(request: web.BaseRequest) -> None:
    """Refuse a body in a coding that the engine does not know; aiohttp would read "gzip, chunked" as chunked."""
    codings = request.headers.getall("Transfer-Encoding", [])
    if codings and [coding.strip().lower() for coding in codings] != ["chunked"]:
        raise Refusal("The body's transfer coding", "expected chunked, or a Content-Length", status=400)


async def _continue(request: web.BaseRequest) -> None:
    """Let a client that asks first send its body; the body is still read under the call's own cap."""
    expected = request.headers.get("Expect", "").lower()
    if expected not in ("", "100-continue"):
        raise Refusal(f"The expectation {expected[:80]!r}", "expected 100-continue", status=417)
    if expected and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
