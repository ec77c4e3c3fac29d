"""A stream of bytes, taken in the amounts that a format needs, and given out in pieces worth a write."""

from __future__ import annotations

from collections.abc import AsyncIterator

PIECE = 256 * 1024  # bytes; smaller pieces cost a write each, larger ones memory


class Source:
    """Reads a body by amounts; holds one piece of it at a time.

    Args:
        body: the pieces; empty ones are skipped.
    """

    def __init__(self, body: AsyncIterator[bytes]) -> None:
        self._body = body
        self._piece = b""
        self._at = 0
        self.taken = 0

    def __repr__(self) -> str:
        return f"<Source {self.taken} bytes taken, {len(self._piece) - self._at} at hand>"

    async def pieces(self, size: int) -> AsyncIterator[bytes]:
        """The next `size` bytes as they come; fewer when the body ends before."""
        while size > 0 and await self._more():
            data = self._take(size)
            size -= len(data)
            yield data

    async def exactly(self, size: int) -> bytes:
        """The next `size` bytes in one; fewer when the body ends before."""
        if len(self._piece) - self._at >= size:
            return self._take(size)
        return b"".join([piece async for piece in self.pieces(size)])

    async def skip(self, size: int) -> int:
        """Pass over `size` bytes; how many there were."""
        left = size
        while left > 0 and await self._more():
            step = min(left, len(self._piece) - self._at)
            self._at += step
            self.taken += step
            left -= step
        return size - left

    async def rest(self) -> AsyncIterator[bytes]:
        """All that is left."""
        while await self._more():
            yield self._take(len(self._piece))

    async def _more(self) -> bool:
        while self._at >= len(self._piece):
            try:
                self._piece, self._at = await anext(self._body), 0
            except StopAsyncIteration:
                return False
        return True

    def _take(self, most: int) -> bytes:
        whole = self._at == 0 and len(self._piece) <= most
        data = self._piece if whole else self._piece[self._at : self._at + most]
        self._at += len(data)
        self.taken += len(data)
        return data


async def joined(pieces: AsyncIterator[bytes], least: int = PIECE // 4) -> AsyncIterator[bytes]:
    """The same bytes with small pieces joined; large ones pass as they are.

    Args:
        pieces: the bytes.
        least: pieces of fewer bytes wait for the next, except the last one.
    """
    waiting: list[bytes] = []
    size = 0
    async for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= least:
            if len(waiting) > 1 and len(piece) >= least:  # do not copy a large piece behind a small header
                yield b"".join(waiting[:-1])
                yield piece
            else:
                yield b"".join(waiting) if len(waiting) > 1 else piece
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)
