"""One end of a byte stream with backpressure and half-close, and the reading of HTTP/1.1 responses from it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import ClassVar

from course.gateway.errors import GatewayError

HIGH_WATER = 1024 * 1024  # unread bytes at which the engine is made to wait, while there are few connections
LEAST_WATER = 64 * 1024
MEMORY = 16 * 1024 * 1024  # unread bytes of all connections together, as long as each may have `LEAST_WATER`
HEAD_LIMIT = 64 * 1024
CHUNK_LINE_LIMIT = 1024


class WireError(GatewayError):
    """The other side of the connection broke off or did not speak HTTP/1.1; `reason` holds no address."""

    def __init__(self, reason: str) -> None:
        super().__init__("a connection that lasts and speaks HTTP/1.1", reason, "repeat the call")
        self.reason = reason


@dataclass(frozen=True)
class Head:
    """Status and headers of a response; header names in lower case."""

    status: int
    headers: dict[str, str]

    @property
    def keeps_alive(self) -> bool:
        """Whether the connection may carry another request after this response."""
        return self.headers.get("connection", "").lower() != "close"


def share_of_memory(most: int, connections: int) -> int:
    """How many bytes one of so many connections may hold, at most `most`."""
    return min(most, max(LEAST_WATER, MEMORY // max(1, connections)))


class Wire(asyncio.Protocol):
    """A connection, to the engine or (in a tunnel) to a client.

    `repr` tells its state: connecting, open, ended (by the other side), closed.
    """

    _open: ClassVar[int] = 0  # connections of this process

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._pieces: deque[bytes] = deque()  # as they were received: what passes through is not copied here
        self._unread = 0  # bytes in them
        self._ended = False
        self._closed = False
        self._held = False  # reading is paused because the buffer is full
        self._arrival: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None

    def __repr__(self) -> str:
        if self._closed:
            state = "closed"
        elif self._ended:
            state = "ended"
        else:
            state = "open" if self._transport else "connecting"
        return f"<Wire {state}, {self._unread} bytes unread>"

    # what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        Wire._open += 1

    def data_received(self, data: bytes) -> None:
        self._pieces.append(data)
        self._unread += len(data)
        if self._unread > share_of_memory(HIGH_WATER, Wire._open) and not self._held and self._transport:
            self._held = True
            self._transport.pause_reading()
        _wake(self._arrival)

    def eof_received(self) -> bool:
        self._ended = True
        _wake(self._arrival)
        return True  # the other direction stays open: a hijacked stream half-closes

    def connection_lost(self, exc: Exception | None) -> None:
        Wire._open -= 1
        self._ended = self._closed = True
        _wake(self._arrival)
        _wake(self._room)

    def pause_writing(self) -> None:
        self._room = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        room, self._room = self._room, None
        _wake(room)

    # what the client calls

    @property
    def idle(self) -> bool:
        """Whether the connection is open with nothing unread, so that a new request may use it."""
        return not (self._ended or self._closed or self._unread)

    def fileno(self) -> int:
        """The socket's file descriptor, -1 when closed."""
        sock = self._transport.get_extra_info("socket") if self._transport and not self._closed else None
        return -1 if sock is None else int(sock.fileno())

    def close(self) -> None:
        """Drop the connection at once; an engine then cancels what it does for us."""
        self._closed = self._ended = True
        self._pieces.clear()
        self._unread = 0
        if self._transport:
            self._transport.abort()
        _wake(self._arrival)
        _wake(self._room)

    def finish(self) -> None:
        """Close after what was written has been sent."""
        self._ended = True
        if self._transport:
            self._transport.close()

    def write_eof(self) -> None:
        """Say that nothing more will be sent; reading goes on."""
        if self._transport and not self._closed:
            self._transport.write_eof()

    async def write(self, data: bytes) -> None:
        """Send bytes, and wait while the other side is slow to take them."""
        if self._closed or not self._transport or self._transport.is_closing():
            raise WireError("the engine closed the connection")
        self._transport.write(data)
        while self._room is not None and not self._closed:
            await self._room

    async def read(self) -> bytes:
        """What has arrived, at least one byte; b"" at the end."""
        await self.arrived()
        return self._take()

    async def arrived(self) -> None:
        """Wait until something can be read, or the connection has ended."""
        while not self._unread and not self._ended:
            await self._more()

    async def read_head(self) -> Head:
        """The next response head, interim (1xx other than 101) heads skipped."""
        while True:
            head = _parse_head(await self._until(b"\r\n\r\n", HEAD_LIMIT))
            if head.status >= 200 or head.status == 101:
                return head

    async def read_sized(self, length: int) -> AsyncIterator[bytes]:
        """A body of known length, in bytes as they arrive."""
        while length:
            if not self._unread:
                await self._more_or_broken()
            data = self._take()
            if len(data) > length:
                self._put_back(data[length:])
                data = data[:length]
            length -= len(data)
            yield data

    async def read_chunked(self) -> AsyncIterator[bytes]:
        """A chunked body; chunks that have arrived together are joined into one piece, the only copy that is made."""
        left = 0  # bytes of the current chunk that are still to come, its CRLF included
        while True:
            data = await self._front(0)
            while True:
                payload: list[memoryview] = []
                left, done, used = _split_chunks(data, left, payload)
                if used:
                    break
                data = await self._front(len(data))
            self._pieces.popleft()
            self._unread -= len(data)
            self._put_back(data[used:])
            if payload:
                yield b"".join(payload)
            if done:
                return

    async def _until(self, mark: bytes, limit: int) -> bytes:
        data = await self._front(0)
        while (found := data.find(mark)) < 0:
            if len(data) > limit:
                raise WireError("the engine sent a response head that is too long")
            data = await self._front(len(data))
        self._pieces.popleft()
        self._unread -= len(data)
        self._put_back(data[found + len(mark) :])
        return data[:found]

    async def _front(self, more_than: int) -> bytes:
        """The first piece, joined with the next ones until it has more bytes than that; it stays unread."""
        while self._unread <= more_than:
            await self._more_or_broken()
        while len(self._pieces[0]) <= more_than:
            first = self._pieces.popleft()
            self._pieces[0] = first + self._pieces[0]
        return self._pieces[0]

    async def _more_or_broken(self) -> None:
        if self._ended:
            raise WireError("the engine ended the connection early")
        await self._more()

    async def _more(self) -> None:
        self._arrival = asyncio.get_running_loop().create_future()
        try:
            await self._arrival
        finally:
            self._arrival = None

    def _take(self) -> bytes:
        """The first piece, b"" for none; with room again, the other side may go on."""
        if not self._pieces:
            return b""
        data = self._pieces.popleft()
        self._unread -= len(data)
        self._let_go_on()
        return data

    def _put_back(self, data: bytes) -> None:
        if data:
            self._pieces.appendleft(data)
            self._unread += len(data)
        self._let_go_on()

    def _let_go_on(self) -> None:
        if (
            self._held
            and self._unread < share_of_memory(HIGH_WATER, Wire._open) // 4
            and self._transport
            and not self._closed
        ):
            self._held = False
            self._transport.resume_reading()


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


def _parse_head(raw: bytes) -> Head:
    first, *lines = raw.decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdecimal():
        raise WireError("the engine's answer is not HTTP/1.1")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Head(int(words[1]), headers)


def _split_chunks(data: bytes, left: int, payload: list[memoryview]) -> tuple[int, bool, int]:
    """Append what the chunks at the start of `data` carry to `payload`.

    Returns (bytes of the current chunk still to come, whether the body has ended, bytes used).
    """
    used, size, view = 0, len(data), memoryview(data)
    while used < size:
        if left:
            carried = min(max(left - 2, 0), size - used)
            if carried:
                payload.append(view[used : used + carried])
            skip = min(left, size - used)
            left, used = left - skip, used + skip
            continue
        line = data.find(b"\r\n", used)
        if line < 0:
            if size - used > CHUNK_LINE_LIMIT:
                raise WireError("the engine sent a chunk header that is too long")
            break
        try:
            length = int(data[used:line].split(b";", 1)[0], 16)
        except ValueError as error:
            raise WireError("the engine sent a chunk header that is not a number") from error
        if length == 0:
            end = data.find(b"\r\n\r\n", line)  # trailers, if any, end here too
            if end < 0:
                break
            return 0, True, end + 4
        left, used = length + 2, line + 2
    return left, False, used
