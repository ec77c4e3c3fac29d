"""The gateway's client of the engine: sends `EngineRequest`s, and nothing else, over the engine's Unix socket.

A request is built from its parts: one fixed API version, each path part quoted whole, the query rebuilt, the body
serialised here, our own headers. No byte of a client's request head ever reaches the engine.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlencode

from course.gateway.errors import EngineUnavailable as EngineUnavailable
from course.gateway.policy.names import EngineRequest
from course.gateway.wire import Head, Wire, WireError

OLDEST, NEWEST = (1, 41), (1, 45)  # the API versions that the gateway was measured on
POOL_SIZE = 16
CONNECT_TIMEOUT = 10.0
JSON_LIMIT = 64 * 1024 * 1024  # a JSON answer of the engine; a list of 10,000 containers is 10 MB
RAW_STREAMS = ("application/vnd.docker.raw-stream", "application/vnd.docker.multiplexed-stream")
EXTRA_HEADERS = ("x-registry-auth", "x-registry-config")  # what a handler may add, with values of its own


@dataclass(frozen=True)
class Upload:
    """A body that is streamed to the engine.

    Args:
        pieces: the bytes; an exception that it raises breaks the request off and reaches the caller.
        content_type: the header that the engine gets.
    """

    pieces: AsyncIterator[bytes]
    content_type: str = "application/x-tar"


@dataclass
class EngineResponse:
    """An answer of the engine whose body is read as it comes. `repr` tells status and content type."""

    head: Head
    wire: Wire
    body: AsyncIterator[bytes]
    sending: asyncio.Task[None] | None = None
    finished: bool = field(default=False, repr=False)

    def __repr__(self) -> str:
        return f"<EngineResponse {self.status} {self.headers.get('content-type', '-')}>"

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.head.status

    @property
    def headers(self) -> dict[str, str]:
        """The headers, names in lower case."""
        return self.head.headers

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self.body:
                yield piece
        except WireError as error:
            if self.sending is not None and self.sending.done() and not self.sending.cancelled():
                self.sending.result()  # what broke the upload is the better reason
            raise EngineUnavailable(error.reason) from error
        self.finished = True

    async def read(self) -> bytes:
        """The whole body, for answers that must be looked into.

        Raises:
            EngineUnavailable: when it is longer than 64 MiB or breaks off.
        """
        pieces, size = [], 0
        async for piece in self:
            pieces.append(piece)
            size += len(piece)
            if size > JSON_LIMIT:
                raise EngineUnavailable("the engine's answer is too long")
        return b"".join(pieces)


@dataclass(frozen=True)
class Answer:
    """A complete answer: status, headers (names in lower case) and the JSON value of the body (None if empty)."""

    status: int
    headers: Mapping[str, str]
    value: Any

    @property
    def ok(self) -> bool:
        """Whether the engine did what it was asked (304 counts: it was so already)."""
        return self.status < 400

    @property
    def message(self) -> str:
        """The engine's error text, "" for none."""
        return str(self.value.get("message", "")) if isinstance(self.value, dict) else ""


class Upstream:
    """The engine as the gateway sees it. One for all sessions; keeps a pool of connections.

    Args:
        socket: path of the engine's Unix socket.
    """

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self._idle: list[Wire] = []
        self._version: str | None = None

    def __repr__(self) -> str:
        return f"<Upstream API {self._version or 'not negotiated'}, {len(self._idle)} idle connections>"

    async def version(self) -> str:
        """The API version of every request: the engine's own, at most 1.45; asked for once.

        Raises:
            EngineUnavailable: when the engine does not answer or speaks less than 1.41.
        """
        if self._version is None:
            async with self._exchange("/_ping", "GET", {}, None) as response:
                await response.read()
                offered = response.headers.get("api-version", "")
                podman = response.headers.get("libpod-api-version", "")
            if podman:  # `course.engine.find` has more words; an address that somebody set comes here without it
                raise EngineUnavailable(
                    f"Podman {podman} answers, and it has no networks with the names that sessions give them: "
                    "install Docker Engine (`course doctor`)"
                )
            try:
                major, minor = (int(number) for number in offered.split("."))
            except ValueError as error:
                raise EngineUnavailable("the engine did not say which API version it speaks") from error
            if (major, minor) < OLDEST:
                raise EngineUnavailable(f"the engine speaks API {offered}; the gateway needs 1.41")
            self._version = "{}.{}".format(*min((major, minor), NEWEST))
        return self._version

    @contextlib.asynccontextmanager
    async def send(
        self, request: EngineRequest, upload: Upload | None = None, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[EngineResponse]:
        """Send a request and give its response, whose body may be streamed inside the block.

        Leaving the block before the body was read whole drops the connection, so the engine stops working on it.

        Args:
            request: what to ask.
            upload: a body to stream in place of `request.body`.
            headers: additions from `EXTRA_HEADERS`.

        Raises:
            EngineUnavailable: when the engine cannot be reached or breaks off.
            Exception: whatever `upload.pieces` raises.
        """
        target = request_target(await self.version(), request)
        extra = _allowed(headers)
        async with self._exchange(target, request.method, extra, request.body, upload) as response:
            yield response

    async def ask(
        self, request: EngineRequest, upload: Upload | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request and read its answer whole as JSON; see `send`."""
        async with self.send(request, upload, headers) as response:
            raw = await response.read()
        return Answer(response.status, response.headers, _json_or_text(raw))

    async def hijack(self, request: EngineRequest) -> tuple[Head, Wire | Answer]:
        """Ask the engine to turn the connection into a raw stream (attach, exec start).

        Returns the response head and the open connection, or a complete `Answer` where the engine did not switch:
        only its own 101, or a 200 that announces a raw stream, counts as a switch.
        """
        target = request_target(await self.version(), request)
        wire = await self._connect()
        switched = False
        try:
            upgrade = {"Connection": "Upgrade", "Upgrade": "tcp"}
            await wire.write(b"".join(_head_bytes(target, request.method, upgrade, request.body)))
            head = await wire.read_head()
            raw = head.headers.get("content-type", "").split(";")[0].strip() in RAW_STREAMS
            if head.status == 101 or (head.status == 200 and raw):
                switched = True
                return head, wire
            response = EngineResponse(head, wire, _body(head, wire, request.method))
            return head, Answer(head.status, head.headers, _json_or_text(await response.read()))
        except WireError as error:
            raise EngineUnavailable(error.reason) from error
        finally:
            if not switched:
                wire.close()

    def close(self) -> None:
        """Drop the idle connections."""
        while self._idle:
            self._idle.pop().close()

    @contextlib.asynccontextmanager
    async def _exchange(
        self, target: str, method: str, extra: Mapping[str, str], body: Any, upload: Upload | None = None
    ) -> AsyncIterator[EngineResponse]:
        wire, response = None, None
        try:
            wire, response = await self._begin(target, method, extra, body, upload)
            yield response
        except WireError as error:
            raise EngineUnavailable(error.reason) from error
        finally:
            if response is not None and response.sending is not None:
                await _stop(response.sending)
            if wire is not None:
                self._release(wire, response)

    async def _begin(
        self, target: str, method: str, extra: Mapping[str, str], body: Any, upload: Upload | None
    ) -> tuple[Wire, EngineResponse]:
        headers = dict(extra)
        if upload is not None:
            headers |= {"Content-Type": upload.content_type, "Transfer-Encoding": "chunked"}
        head, payload = _head_bytes(target, method, headers, body)
        while True:
            wire = self._pooled()
            reused = wire is not None
            wire = wire or await self._connect()
            sending = None
            try:
                await wire.write(head + payload)
                if upload is not None:
                    sending = asyncio.create_task(_send_chunks(wire, upload.pieces))
                    await _until_answered_or_broken(wire, sending)
                answered = await wire.read_head()
                return wire, EngineResponse(answered, wire, _body(answered, wire, method), sending)
            except WireError as error:
                wire.close()
                if sending is not None:
                    await _stop(sending)
                    if not sending.cancelled() and (why := sending.exception()) and not isinstance(why, WireError):
                        raise why from error
                # A pooled connection that the engine had closed meanwhile (a restart): nothing was asked yet.
                if reused and method in ("GET", "HEAD") and upload is None:
                    continue
                raise
            except BaseException:
                wire.close()
                if sending is not None:
                    await _stop(sending)
                raise

    def _pooled(self) -> Wire | None:
        while self._idle:
            wire = self._idle.pop()
            if wire.idle:
                return wire
            wire.close()
        return None

    async def _connect(self) -> Wire:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                _, wire = await loop.create_unix_connection(Wire, str(self.socket))
        except (OSError, TimeoutError) as error:
            raise EngineUnavailable("the engine does not answer on its socket") from error
        return wire

    def _release(self, wire: Wire, response: EngineResponse | None) -> None:
        reusable = (
            response is not None
            and response.finished
            and response.head.keeps_alive
            and (response.sending is None or not response.sending.cancelled())
            and wire.idle
            and len(self._idle) < POOL_SIZE
        )
        if reusable:
            self._idle.append(wire)
        else:
            wire.close()


def request_target(version: str, request: EngineRequest) -> str:
    """The request target as sent: every part and every query value quoted whole."""
    path = "".join("/" + quote(part, safe="") for part in request.parts)
    query = urlencode(request.query, doseq=True, quote_via=cast(Any, quote), safe="")
    return f"/v{version}{path}" + (f"?{query}" if query else "")


def _head_bytes(target: str, method: str, headers: Mapping[str, str], body: Any) -> tuple[bytes, bytes]:
    lines = [f"{method} {target} HTTP/1.1", "Host: docker", "User-Agent: slipway-gateway"]
    payload = b""
    if body is not None:
        payload = json.dumps(body, separators=(",", ":"), allow_nan=False).encode("ascii")
        lines.append("Content-Type: application/json")
    if "Transfer-Encoding" not in headers and (payload or method not in ("GET", "HEAD")):
        lines.append(f"Content-Length: {len(payload)}")
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii"), payload


def _allowed(headers: Mapping[str, str] | None) -> Mapping[str, str]:
    for name, value in (headers or {}).items():
        if name.lower() not in EXTRA_HEADERS or not value.isprintable() or not value.isascii():
            raise ValueError(f"header {name} is not one that the gateway sends")
    return headers or {}


def _body(head: Head, wire: Wire, method: str) -> AsyncIterator[bytes]:
    if method == "HEAD" or head.status in (204, 304):
        return wire.read_sized(0)
    if head.headers.get("transfer-encoding", "").lower() == "chunked":
        return wire.read_chunked()
    length = head.headers.get("content-length")
    return wire.read_sized(int(length)) if length is not None else _until_closed(wire)


async def _until_closed(wire: Wire) -> AsyncIterator[bytes]:
    while piece := await wire.read():
        yield piece


async def _send_chunks(wire: Wire, pieces: AsyncIterator[bytes]) -> None:
    try:
        async for piece in pieces:
            if piece:
                await wire.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        await wire.write(b"0\r\n\r\n")
    except BaseException:
        wire.close()  # the engine must not mistake what arrived so far for the whole body
        raise


async def _until_answered_or_broken(wire: Wire, sending: asyncio.Task[None]) -> None:
    """Wait for the first bytes of an answer, or for the upload to end; an upload that failed raises here."""
    arrival = asyncio.create_task(wire.arrived())
    try:
        await asyncio.wait({arrival, sending}, return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            sending.result()
    finally:
        await _stop(arrival)


async def _stop(task: asyncio.Task[None]) -> None:
    if not task.done():
        task.cancel()
        await asyncio.wait({task})


def _json_or_text(raw: bytes) -> Any:
    if not raw.strip():
        return None
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")
