"""Compressed bodies: recognised by their first bytes, inflated piece by piece, bombs refused.

The engine looks at the first bytes too and at no header (pkg/archive, DetectCompression).
"""

from __future__ import annotations

import asyncio
import bz2
import lzma
import zlib
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from typing import Protocol

from course.gateway.policy.limits import MIB
from course.gateway.policy.refusal import Refusal
from course.gateway.streams.source import PIECE, Source

FREE = 16 * MIB  # inflated bytes before the ratio counts
XZ_MEMORY = 80 * MIB  # `xz -9` needs 65 MiB to inflate
MAGIC = {
    "gzip": b"\x1f\x8b\x08",
    "bzip2": b"BZh",
    "xz": b"\xfd7zXZ\x00",
    "zstd": b"\x28\xb5\x2f\xfd",
}
ALL = ("gzip", "bzip2", "xz")  # Python 3.11 has no zstd


class _Inflater(Protocol):
    """What the three decompressors of the standard library have in common, once zlib's is wrapped."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes: ...


class _Gzip:
    """zlib's decompressor with the face of the other two: what did not fit is kept inside."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(31)
        self._full = False  # zlib may hold output back without holding input

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not (self._full or self._inner.unconsumed_tail)

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        output = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self._full = len(output) == max_length
        return output


def _xz() -> _Inflater:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY)


_INFLATERS: dict[str, Callable[[], _Inflater]] = {"gzip": _Gzip, "bzip2": bz2.BZ2Decompressor, "xz": _xz}


def compression(start: bytes) -> str:
    """Which compression the first bytes are of: "gzip", "bzip2", "xz", "zstd", or "" for none."""
    return next((kind for kind, magic in MAGIC.items() if start.startswith(magic)), "")


async def inflated(
    body: AsyncIterator[bytes], *, what: str, size: int, quota: str, ratio: int, allowed: Collection[str] = ALL
) -> AsyncIterator[bytes]:
    """The body, inflated when it is compressed.

    Args:
        body: the pieces.
        what: what it is, for messages: "the build context".
        size: inflated bytes at most.
        quota: the name of that quota in `Limits`.
        ratio: inflated bytes for each byte that came, past the first 16 MiB, at most.
        allowed: the compressions that are inflated; others are refused.

    Raises:
        Refusal: 400 for broken data, 403 for a compression that is not allowed, 413 past a cap.
    """
    source = Source(body)
    start = await source.exactly(max(map(len, MAGIC.values())))
    kind = compression(start)
    if kind and kind not in allowed:
        raise Refusal(what, f"it is compressed with {kind}", "Send it plain, or in gzip, bzip2 or xz.")
    pieces = _after(start, source)
    given = 0
    async for piece in _inflate(pieces, kind, what) if kind else pieces:
        given += len(piece)
        if given > size:
            raise Refusal(what, f"larger than the quota {quota}, {size // MIB} MiB, once inflated", status=413)
        if kind and given > FREE + ratio * source.taken:
            raise Refusal(
                what, f"it inflates to more than inflate_ratio, {ratio}, times its size", "Send it plain.", status=413
            )
        yield piece


async def _after(start: bytes, source: Source) -> AsyncIterator[bytes]:
    if start:
        yield start
    async for piece in source.rest():
        yield piece


async def _inflate(pieces: AsyncIterator[bytes], kind: str, what: str) -> AsyncIterator[bytes]:
    inflation = Inflation(kind, what)
    async for piece in pieces:
        for output in inflation.feed(piece):
            yield output
            await asyncio.sleep(0)  # other sessions go on while a large body is inflated
    inflation.end()


class Inflation:
    """Inflates one or more compressed streams that follow each other, as the engine does; zeros may follow them.

    Args:
        kind: "gzip", "bzip2" or "xz".
        what: what it is, for messages.
    """

    def __init__(self, kind: str, what: str) -> None:
        self._kind, self._what = kind, what
        self._inflater = _INFLATERS[kind]()
        self._used = False

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Take the next piece; gives what it inflates to, in pieces of at most 256 KiB.

        Raises:
            Refusal: 400 for broken data.
        """
        data = piece
        try:
            while data or (self._used and not self._inflater.eof and not self._inflater.needs_input):
                if self._inflater.eof:
                    data = data.lstrip(b"\0")
                    if not data:
                        return
                    self._inflater = _INFLATERS[self._kind]()
                self._used = True
                output = self._inflater.decompress(data, PIECE)
                data = self._inflater.unused_data if self._inflater.eof else b""
                if output:
                    yield output
        except (zlib.error, OSError, ValueError, lzma.LZMAError) as error:
            raise Refusal(self._what, f"broken {self._kind} data ({error})", status=400) from error

    def end(self) -> None:
        """The data has ended.

        Raises:
            Refusal: 400 when it ended early.
        """
        if not self._inflater.eof:
            raise Refusal(self._what, f"the {self._kind} data ends early", status=400)
