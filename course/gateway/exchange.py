"""One call under way: what a handler is given, and how it answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from aiohttp import web

from course.gateway.errors import GatewayError
from course.gateway.inner_ports import InnerPorts
from course.gateway.networks import Networks
from course.gateway.policy import translate, wire
from course.gateway.policy.container import ImageView
from course.gateway.policy.limits import Limits
from course.gateway.policy.names import EngineRequest
from course.gateway.policy.query import Query
from course.gateway.policy.refusal import Refusal
from course.gateway.policy.routes import Call
from course.gateway.runtime import Runtime
from course.gateway.scope import Scope
from course.gateway.streams.followed import Followers
from course.gateway.streams.frontend import Builders
from course.gateway.upstream import Answer, EngineResponse, Upload, Upstream

T = TypeVar("T")
KEPT_HEADERS = ("content-type", "x-docker-container-path-stat")
IMAGE_CONFIGS = 512  # image configurations kept in memory; an image's configuration never changes


class EngineSaid(GatewayError):
    """The engine answered a request with an error; it is translated and passed on."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("an engine that does as asked", answer.message, "read what the engine says, then repeat")
        self.answer = answer


@dataclass
class Plane:
    """What all sessions of a gateway share: the engine, the open scopes by sid, and small caches."""

    engine: Upstream
    scopes: Mapping[str, Scope]
    networks: Networks
    inner_ports: InnerPorts
    headers: dict[str, str] = field(default_factory=dict)  # on every answer; the API version among them
    engine_version: dict[str, Any] = field(default_factory=dict)
    runtime: Runtime = field(default_factory=Runtime)
    builders: Builders = field(default_factory=Builders)
    followers: Followers = field(default_factory=Followers)
    image_configs: dict[str, dict[str, Any]] = field(default_factory=dict)
    registry_locks: dict[int, asyncio.Lock] = field(default_factory=dict)
    name_locks: dict[str, asyncio.Lock] = field(default_factory=dict)  # of names that a push gives for its time
    background: set[asyncio.Future[Any]] = field(default_factory=set)


@dataclass
class Exchange:
    """A call with its session and the way to the engine.

    Args:
        request: the client's request; handlers read its body through `body` and `pieces` only.
        call: the matched route.
        query: its typed query.
        scope: the session.
        plane: what is shared.
        asked, outcome: for the journal; handlers add to them.
        note: writes a line to the journal before the call has ended: its route and words.
    """

    request: web.BaseRequest
    call: Call
    query: Query
    scope: Scope
    plane: Plane
    asked: dict[str, Any] = field(default_factory=dict)
    outcome: dict[str, Any] = field(default_factory=dict)
    received: int = 0
    sent: int = 0
    said: int = 0  # the status in the head of an answer that has been sent, 0 before
    note: Callable[[str, str], None] = lambda route, words: None
    closes: bool = False  # the connection ends with this answer

    @property
    def limits(self) -> Limits:
        """The session's limits."""
        return self.scope.policy.limits

    @property
    def ref(self) -> str:
        """The name or id in the path, as the learner wrote it."""
        return next(iter(self.call.params.values()), "")

    async def body(self) -> bytes:
        """The request's body, at most the cap of a JSON body.

        Raises:
            Refusal: 413 past the cap, 400 for a body of another type where the call takes JSON (exec start takes any,
                as on the engine).
        """
        cap = self.limits.json_body
        if (self.request.content_length or 0) > cap:
            raise _too_large(cap)
        pieces = []
        async for piece in self.pieces():
            pieces.append(piece)
            if self.received > cap:
                raise _too_large(cap)
        raw = b"".join(pieces)
        if self.call.body == "json" and self.call.route != "exec.start":
            wire.check_json_type(self.request.headers.get("Content-Type"), raw)
        return raw

    async def pieces(self) -> AsyncIterator[bytes]:
        """The request's body as it comes."""
        async for piece in self.request.content.iter_any():
            self.received += len(piece)
            yield piece

    async def ask(
        self, request: EngineRequest, upload: Upload | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask the engine and read the answer whole.

        Raises:
            EngineSaid: when the engine answers with an error.
        """
        answer = await self.plane.engine.ask(request, upload, headers)
        if not answer.ok:
            raise EngineSaid(answer)
        return answer

    async def complete(self, work: Coroutine[Any, Any, T]) -> T:
        """Run work that must not stop half-way: it goes on to its end even when the client vanishes."""
        task = asyncio.ensure_future(work)
        self.plane.background.add(task)
        self.scope.pause.completing(task)
        task.add_done_callback(self.plane.background.discard)
        return await asyncio.shield(task)

    async def image_view(self, image_id: str) -> ImageView:
        """The configuration of an image, asked for once."""
        configs = self.plane.image_configs
        if image_id not in configs:
            answer = await self.ask(EngineRequest("GET", ("images", image_id, "json")))
            while len(configs) >= IMAGE_CONFIGS:
                del configs[next(iter(configs))]
            configs[image_id] = answer.value.get("Config") or {}
        return ImageView(image_id, configs[image_id])

    def json(self, value: Any, status: int = 200) -> web.Response:
        """A JSON answer."""
        raw = json.dumps(value, separators=(",", ":")).encode() + b"\n"
        self.sent += len(raw)
        return web.Response(body=raw, status=status, headers=self.plane.headers, content_type="application/json")

    def empty(self, status: int = 204) -> web.Response:
        """An answer without a body."""
        return web.Response(status=status, headers=self.plane.headers)

    async def start(self, status: int, headers: Mapping[str, str]) -> web.StreamResponse:
        """Send the head of an answer whose body follows piece by piece."""
        self.said = status
        answer = web.StreamResponse(status=status, headers={**self.plane.headers, **headers})
        if self.closes:
            answer.force_close()
        await answer.prepare(self.request)
        return answer

    async def write(self, answer: web.StreamResponse, piece: bytes) -> None:
        """Send a piece of an answer's body, and count it for the journal."""
        self.sent += len(piece)
        await answer.write(piece)

    async def stream(self, response: EngineResponse, pieces: AsyncIterable[bytes] | None = None) -> web.StreamResponse:
        """Pass an answer of the engine on as it comes; a client that reads slowly makes the engine wait.

        Args:
            response: the engine's answer.
            pieces: what to send in place of its body.

        Raises:
            EngineSaid: when it is an error.
        """
        await raise_for_error(response)
        headers = {name.title(): response.headers[name] for name in KEPT_HEADERS if name in response.headers}
        answer = await self.start(response.status, headers)
        async for piece in pieces if pieces is not None else response:
            await self.write(answer, piece)
        await answer.write_eof()
        return answer

    def translated_error(self, answer: Answer) -> web.Response:
        """The engine's error in the learner's words."""
        value = answer.value if isinstance(answer.value, dict) else {"message": str(answer.value or "")}
        return self.json(translate.error(value, self.scope), answer.status)


def created_at(row: Mapping[str, Any]) -> float:
    """When a network or volume was made, in seconds since the epoch; 0 when its row does not say.

    The engine writes RFC 3339 with up to nine digits of a second: "Created" of a network, "CreatedAt" of a volume.
    """
    said = str(row.get("CreatedAt") or row.get("Created") or "")
    try:
        return datetime.fromisoformat(said).timestamp()
    except ValueError:
        return 0.0


def own_containers(scope: Scope, *, size: bool = False) -> EngineRequest:
    """The request for all containers of a session, stopped ones too.

    Args:
        scope: the session.
        size: whether the rows tell the size of the writable layers (`SizeRw`, in bytes).
    """
    labels = [f"{key}={value}" for key, value in scope.labels().items()]
    query = {"all": "1", "filters": json.dumps({"label": labels})}
    return EngineRequest("GET", ("containers", "json"), query | ({"size": "1"} if size else {}))


async def raise_for_error(response: EngineResponse) -> None:
    """Raise `EngineSaid` for an answer of 400 and above."""
    if response.status >= 400:
        raw = await response.read()
        try:
            value = json.loads(raw)
        except ValueError:
            value = {"message": raw.decode("utf-8", "replace")}
        raise EngineSaid(Answer(response.status, response.headers, value))


async def json_documents(pieces: AsyncIterable[bytes], limit: int = 4 * 1024 * 1024) -> AsyncIterator[dict[str, Any]]:
    """The objects of a stream of JSON lines (events, stats), each as soon as its line is complete."""
    rest = b""
    async for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > limit:
            raise ValueError("a line of the engine's stream is too long")
        for line in lines:
            if line.strip():
                yield json.loads(line)
    if rest.strip():
        yield json.loads(rest)


def _too_large(cap: int) -> Refusal:
    return Refusal("The request's body is too large", f"a JSON body has at most {cap // 1024} KiB", status=413)
