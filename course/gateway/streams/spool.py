"""A queue of bytes between one that writes and one that reads."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import IO

from course.gateway.streams.source import PIECE

IN_MEMORY = 1024 * 1024  # unread bytes at which the writer waits, or goes on in a file


@dataclass
class Room:
    """The disk space that the spools of one session share, in bytes."""

    left: int


class Spool:
    """Holds at most `IN_MEMORY` unread bytes, until it is released: from then on a file takes whatever comes.

    A reader that is slow makes the writer wait. `release` is for when the writer's source is about to go away.

    Args:
        room: where the file's bytes are counted; without room the writer waits as before.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self._pieces: list[bytes] = []
        self._unread = 0  # bytes in them
        self._file: IO[bytes] | None = None
        self._written = self._read = 0  # positions in the file
        self._released = self._ended = False
        self._error: BaseException | None = None
        self._arrival, self._space = asyncio.Event(), asyncio.Event()
        self.filled = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Spool {self._unread} bytes in memory, {self._written - self._read} in a file>"

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.filled.set()
        if self._file is not None:
            self._empty_file(self._file)
            self._file.close()

    async def fill(self, pieces: AsyncIterator[bytes]) -> None:
        """Take all pieces; what breaks them off reaches the reader behind the last byte."""
        try:
            async for piece in pieces:
                await self.put(piece)
        except Exception as broken:
            self._error = broken
        self._ended = True
        self.filled.set()
        self._arrival.set()

    async def put(self, piece: bytes) -> None:
        """Take a piece; waits while there is no room for it."""
        while self._full() and not (self._released and self._room.left >= len(piece)):
            self._space.clear()
            await self._space.wait()
        if self._full():
            self._file = self._file or tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
            self._file.seek(self._written)
            self._file.write(piece)
            self._written += len(piece)
            self._room.left -= len(piece)
        else:
            self._pieces.append(piece)
            self._unread += len(piece)
        self._arrival.set()

    def release(self) -> None:
        """Let the writer go on without the reader."""
        self._released = True
        self._space.set()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            if self._pieces:
                pieces, self._pieces, self._unread = self._pieces, [], 0
                self._space.set()
                yield b"".join(pieces)  # a log comes line by line, and each write costs
            elif self._file is not None and self._read < self._written:
                yield self._from_file(self._file)
            elif self._ended:
                break
            else:
                self._arrival.clear()
                await self._arrival.wait()
        if self._error is not None:
            raise self._error

    def _full(self) -> bool:
        """Whether the next piece goes to the file: always while older ones are there."""
        return self._unread >= IN_MEMORY or self._read < self._written

    def _from_file(self, file: IO[bytes]) -> bytes:
        file.seek(self._read)
        piece = file.read(min(PIECE, self._written - self._read))
        self._read += len(piece)
        if self._read == self._written:
            self._empty_file(file)
        return piece

    def _empty_file(self, file: IO[bytes]) -> None:
        file.truncate(0)
        self._room.left += self._written
        self._read = self._written = 0
        self._space.set()
