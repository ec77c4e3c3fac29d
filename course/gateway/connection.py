"""A client's connection: aiohttp's protocol with two fixes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import select
import sys
from collections.abc import Iterator

from aiohttp import StreamReader, web
from aiohttp.web_protocol import RequestHandler

from course.gateway.errors import in_one_line, translated


class Connection(RequestHandler):
    """aiohttp's protocol, which answers what is no clean HTTP/1.1 as the engine's errors are, and without a log line.

    aiohttp would log a traceback for each, and send the client's bytes back. `handle_error` is its documented hook.

    A client that has said all and still listens (`nc -N`, `socat`) gets its answer, as from the engine; aiohttp would
    close the connection at the end of its input.
    """

    ended = False  # the client has ended its input
    idle_since = 0.0  # when it was made, or its last call ended, by the loop's clock
    body: StreamReader | None = None  # of the request that is handled
    _farewell: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.idle_since = asyncio.get_running_loop().time()
        super().connection_made(transport)

    @property
    def idle(self) -> bool:
        """Whether no call is under way and none has come."""
        return self._waiter is not None and not self._messages and self.transport is not None

    @property
    def has_input(self) -> bool:
        """Whether something waits to be read that the loop has not seen yet, or the client has hung up."""
        if self.transport is None:
            return False
        look = select.poll()
        look.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(look.poll(0))

    def eof_received(self) -> bool | None:  # type: ignore[override]  # asyncio takes true for "keep it open"
        """Keep the way back open for a request that is whole, until the client closes that too."""
        transport = self.transport
        body = self._messages[-1][1] if self._messages else self.body if self._waiter is None else None
        if transport is None or body is None or not body.is_eof():
            return None  # nothing is asked, or the rest of the body will never come
        self.ended = True
        if not self._messages:
            self.close()  # after the answer
        self._farewell = asyncio.get_running_loop().create_task(self._until_gone(transport))
        return True

    async def _until_gone(self, transport: asyncio.BaseTransport) -> None:
        with hangup(transport.get_extra_info("socket").fileno()) as gone:
            await gone
        assert isinstance(transport, asyncio.Transport)
        transport.abort()  # whoever has the connection now, a tunnel too, hears of it

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._farewell is not None:
            self._farewell.cancel()
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if getattr(request.writer, "output_size", 0) > 0:
            raise ConnectionError("an answer has begun: all that is left is to break it off")
        words = "The request is not clean HTTP/1.1"
        if status != 400:
            words = in_one_line(translated(exc if isinstance(exc, Exception) else TimeoutError()))
        raw = json.dumps({"message": words}).encode()
        answer = web.Response(body=raw, status=status, content_type="application/json", headers={"Server": "Slipway"})
        answer.force_close()
        return answer


@contextlib.contextmanager
def hangup(fd: int) -> Iterator[asyncio.Future[None]]:
    """A future that is done when the peer of a socket has closed both directions; `fd` is -1 when it has closed.

    After a half-close the transport no longer reads, so a peer that vanishes would stay unnoticed until the next
    write.
    """
    gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    if fd < 0:
        gone.set_result(None)
        yield gone
        return
    with _told(fd, gone):
        yield gone


@contextlib.contextmanager
def told_by_poll(fd: int, gone: asyncio.Future[None]) -> Iterator[None]:
    """Look twice a second: where there is no epoll, no event of the loop tells a hang-up from a half-close."""
    loop = asyncio.get_running_loop()
    watch = select.poll()
    watch.register(fd, select.POLLOUT)
    timer: asyncio.Handle

    def look() -> None:
        nonlocal timer
        if any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in watch.poll(0)):
            if not gone.done():
                gone.set_result(None)
            return
        timer = loop.call_later(HANGUP_SECONDS, look)

    timer = loop.call_soon(look)
    try:
        yield
    finally:
        timer.cancel()


HANGUP_SECONDS = 0.5
_told = told_by_poll

if sys.platform == "linux":

    @contextlib.contextmanager
    def told_by_epoll(fd: int, gone: asyncio.Future[None]) -> Iterator[None]:
        """epoll(7) reports EPOLLHUP even when no event is asked for."""
        loop = asyncio.get_running_loop()

        def note() -> None:
            loop.remove_reader(watch.fileno())
            if not gone.done():
                gone.set_result(None)

        with select.epoll(1) as watch:
            watch.register(fd, 0)
            loop.add_reader(watch.fileno(), note)
            try:
                yield
            finally:
                loop.remove_reader(watch.fileno())

    _told = told_by_epoll
