"""Raw streams between a client and the engine: attach and exec start.

aiohttp has no tunnel. Once the engine has switched, the client's transport is taken from aiohttp's protocol and
given to a `Wire`, whose `eof_received` keeps the other direction open: a client that ends its standard input still
receives the output. aiohttp's own protocol would close the connection there.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from course.gateway.connection import Connection, hangup
from course.gateway.wire import Head, Wire, WireError

PASSED_HEADERS = ("content-type",)
LAST_WORDS = 10.0


@dataclass(frozen=True)
class Traffic:
    """Bytes that went through a tunnel."""

    sent: int
    received: int


class Spent(web.StreamResponse):
    """Tells aiohttp that the connection is used up: nothing more is written, then it is closed."""

    def __init__(self, status: int) -> None:
        super().__init__(status=status)
        self.force_close()

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        return None


class Tunnelled(Spent):
    """A tunnel that has ended, and what went through it."""

    def __init__(self, status: int, traffic: Traffic, client: ClientWire) -> None:
        super().__init__(status)
        self.traffic = traffic
        self._client = client

    async def write_eof(self, data: bytes = b"") -> None:
        self._client.give_back()


class ClientWire(Wire):
    """The client's end, taken over from aiohttp.

    aiohttp's protocol hears of a lost connection only after `give_back`: it would cancel the handler, and with it the
    bytes that a client wrote before it closed.
    """

    def __init__(self, request: web.BaseRequest) -> None:
        super().__init__()
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("the client has gone")
        self._former = request.protocol
        self._ended = isinstance(self._former, Connection) and self._former.ended
        self._given_back = self._lost = False
        transport.set_protocol(self)
        self.connection_made(transport)
        if not transport.is_reading():
            transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._lost = True
        if self._given_back:
            self._former.connection_lost(exc)

    def give_back(self) -> None:
        """Close the connection and let aiohttp forget it."""
        self._given_back = True
        self.finish()
        if self._lost:
            asyncio.get_running_loop().call_soon(self._former.connection_lost, None)


async def tunnel(request: web.BaseRequest, head: Head, engine: Wire, headers: Mapping[str, str]) -> Tunnelled:
    """Answer a client that asked for an upgrade with 101, and copy bytes both ways until both sides are done.

    Args:
        request: the client's request, not answered yet.
        head: the engine's answer; it has switched.
        engine: the engine's end.
        headers: what every answer of the gateway carries.
    """
    upgraded = "upgrade" in request.headers
    if upgraded:
        lines = ["HTTP/1.1 101 UPGRADED", "Connection: Upgrade", "Upgrade: tcp"]
    else:
        lines = ["HTTP/1.1 200 OK", "Connection: close"]
    lines += [f"{name.title()}: {head.headers[name]}" for name in PASSED_HEADERS if name in head.headers]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    client = None
    try:
        client = ClientWire(request)
        await client.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        return Tunnelled(101 if upgraded else 200, await relay(client, engine), client)
    except BaseException:
        if client is not None:
            client.give_back()
        raise
    finally:
        engine.close()


async def relay(client: Wire, engine: Wire) -> Traffic:
    """Copy both ways; the end of one direction is passed on and leaves the other open.

    Ends when both directions have ended, when the engine has closed and its last byte was passed on, or soon after the
    client has gone altogether: what it wrote before that still has `LAST_WORDS` seconds to reach the engine.
    """
    counts = {"up": 0, "down": 0}
    up = asyncio.create_task(_copy(client, engine, counts, "up"))
    down = asyncio.create_task(_copy(engine, client, counts, "down"))
    with hangup(client.fileno()) as client_gone, hangup(engine.fileno()) as engine_gone:
        try:
            while not (down.done() and (up.done() or engine_gone.done())):
                waited: set[asyncio.Future[None]] = {up, down, client_gone, engine_gone}
                await asyncio.wait({one for one in waited if not one.done()}, return_when=asyncio.FIRST_COMPLETED)
                if client_gone.done():
                    await asyncio.wait({up}, timeout=LAST_WORDS)
                    break
        finally:
            for task in (up, down):
                task.cancel()
            await asyncio.wait({up, down})
    return Traffic(counts["up"], counts["down"])


async def _copy(source: Wire, target: Wire, counts: dict[str, int], way: str) -> None:
    with contextlib.suppress(WireError):  # the other side has gone; the relay sees that for itself
        while data := await source.read():
            counts[way] += len(data)
            await target.write(data)
        target.write_eof()
