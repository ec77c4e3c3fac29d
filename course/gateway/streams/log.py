"""A container's log as the engine sends it: what passes of it, and how much of the log file that took."""

from __future__ import annotations

import re
import zlib
from collections.abc import AsyncIterator

from course.gateway.policy.limits import MIB

HEADER = 8  # of a frame: stream, three zeros, size of the payload
ENTRY = len('{"log":"","stream":"stdout","time":"2026-01-01T00:00:00.000000000Z"}\n')
REMEMBERED = 4096
_ONE_MORE = b'"\\\n\r'  # written as two bytes
_FIVE_MORE = bytes(byte for byte in range(32) if byte not in _ONE_MORE) + b"<>&"  # written as \\u00xx
_REPLACED = "\ufffd".encode()  # what was no UTF-8, written as \\ufffd
_UNITS = {"k": 1024, "m": MIB, "g": 1024 * MIB, "": 1}


class LogReader:
    """Reads the engine's stream of a log, and remembers what has passed.

    Args:
        framed: whether the stream has frames; that of a container with a terminal has none.
        wanted: the streams that pass, 1 for standard output and 2 for standard error.
    """

    def __init__(self, framed: bool, wanted: tuple[int, ...]) -> None:
        self._framed, self._wanted = framed, wanted
        self._rest = b""  # the start of a header
        self._left = 0  # bytes of the payload that are still to come
        self._passes = True
        self.on_disk = 0  # bytes of the log file that all this took
        self.seen, self.checksum, self.last = 0, 0, b""  # of the engine's bytes

    def __repr__(self) -> str:
        return f"<LogReader {self.seen} bytes seen, {self.on_disk} on disk>"

    def feed(self, piece: bytes) -> bytes:
        """What passes of the next piece."""
        self.seen += len(piece)
        self.checksum = zlib.crc32(piece, self.checksum)
        self.last = (self.last + piece[-REMEMBERED:])[-REMEMBERED:]
        if self._framed:
            return self._frames(piece)
        self.on_disk += as_json(piece) + ENTRY * piece.count(b"\n")
        return piece

    def _frames(self, piece: bytes) -> bytes:
        data, at = self._rest + piece, 0
        passed = []
        while at < len(data):
            if not self._left:
                if len(data) - at < HEADER:
                    break
                self._left = int.from_bytes(data[at + 4 : at + HEADER], "big")
                self._passes = data[at] in self._wanted
                self.on_disk += ENTRY
                start, at = at, at + HEADER
            else:
                start = at
            payload = data[at : at + self._left]
            self.on_disk += as_json(payload)
            self._left -= len(payload)
            at += len(payload)
            if self._passes:
                passed.append(data[start:at])
        self._rest = data[at:]
        return b"".join(passed)


def as_json(payload: bytes) -> int:
    """Bytes that output takes inside a JSON string of the json-file driver (moby, jsonlog/jsonlogbytes.go)."""
    size = len(payload)
    one = size - len(payload.translate(None, _ONE_MORE))
    five = size - len(payload.translate(None, _FIVE_MORE))
    return size + one + 5 * five + 3 * payload.count(_REPLACED)


async def after(pieces: AsyncIterator[bytes], reader: LogReader) -> AsyncIterator[bytes]:
    """What follows the bytes that a reader has seen, in a stream that begins with them; nothing where it does not.

    Args:
        pieces: the stream from its start.
        reader: must not be fed before the first piece has been given out.
    """
    count, checksum, at, so_far = reader.seen, reader.checksum, 0, 0
    async for piece in pieces:
        old = piece[: count - at]
        at, so_far = at + len(old), zlib.crc32(old, so_far)
        if len(old) < len(piece):
            if so_far != checksum:
                return
            yield piece[len(old) :]


def after_last(whole: bytes, last: bytes) -> bytes:
    """What follows the last occurrence of `last` in `whole`; empty if there is none."""
    found = whole.rfind(last)
    return whole[found + len(last) :] if found >= 0 else b""


def size_of(max_size: str) -> int:
    """Bytes of a max-size such as "1024k"; 0 for none."""
    found = re.fullmatch("([0-9]+)([kmg]?)b?", max_size.lower())
    return int(found[1]) * _UNITS[found[2]] if found else 0


def has_end(seen: bytes, last_lines: bytes, framed: bool) -> bool:
    """Whether what was seen has the last lines of a log for certain: they are there, and the last one only once."""
    if not last_lines or not seen.endswith(last_lines):
        return False
    starts = frames(last_lines) if framed else [0, *(found.end() for found in re.finditer(b"\n(?=.)", last_lines))]
    return last_lines.count(last_lines[starts[-1] :]) == 1


def frames(data: bytes) -> list[int]:
    """Where each frame begins."""
    at, starts = 0, []
    while at < len(data):
        starts.append(at)
        at += HEADER + int.from_bytes(data[at + 4 : at + HEADER], "big")
    return starts


REMOVED = "the container was removed before all of this log had been read, so lines are missing at its end."


def quota_reached(size: int) -> str:
    """The words behind a log that has reached its quota."""
    return (
        f"this log has reached its quota of {size / MIB:.0f} MiB. From there on the oldest lines make room for new "
        "ones, so lines may be missing. For larger output let the program write a file, and get_archive() it."
    )


def notice(words: str, framed: bool) -> bytes:
    """A line of the gateway's own behind a log, as a frame of standard error where the log has frames."""
    line = f"slipway: {words}\n".encode()
    return (b"\2\0\0\0" + len(line).to_bytes(4, "big") if framed else b"") + line
