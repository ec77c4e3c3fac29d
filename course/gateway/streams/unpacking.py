"""Archives that the engine will unpack: the layers of a loaded image, and what ADD finds in a build context.

The engine unpacks them as root, outside every limit of the session. So what they unpack to is counted first, and what
could be read otherwise by Go's archive/tar is refused, as are sparse members, whose size is a mere claim.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Callable

from course.gateway.policy.refusal import Refusal
from course.gateway.streams.inflate import ALL, Inflation, compression
from course.gateway.streams.member import BLOCK, has_content, is_sparse, pax_records
from course.gateway.streams.tar import LONGEST_EXTENSION

Count = Callable[[int], None]  # gets the number of unpacked bytes; raises `Refusal` when there are too many

INODE = 4096  # bytes that a member counts besides its content
_ASCII = bytes(range(128))
_OCTAL = re.compile(rb"[0-7]{1,21}")


def may_be_archive(start: bytes) -> bool:
    """Whether a file that begins so may be one that ADD unpacks: compressed, or a tar.

    Args:
        start: the first bytes; fewer than a header's 512 are no tar.
    """
    return bool(compression(start)) or _parse(start[:BLOCK]) is not None


class Unpacking:
    """Follows an archive as its bytes pass, and counts what it unpacks to.

    Stops looking (`over`) where the archive ends or is none: the engine stops there too.

    Args:
        what: what it is, for messages.
        start: its first bytes, to see whether it is compressed; they are not taken in.
        count: told of the bytes that it unpacks to.

    Raises:
        Refusal: 403 for a compression that cannot be looked into.
    """

    def __init__(self, what: str, start: bytes, count: Count) -> None:
        kind = compression(start)
        if kind and kind not in ALL:
            raise Refusal(what, f"it is compressed with {kind}", "Compress it with gzip or xz.")
        self.over = False
        self._what = what
        self._inflation = Inflation(kind, what) if kind else None
        self._count = count
        self._buffer = bytearray()
        self._wanted = BLOCK  # bytes that the buffer waits for: a header, or the records of a PAX header
        self._records_size = 0  # of these records, 0 while the buffer waits for a header
        self._skip = 0  # bytes of content before the next header
        self._extended = False  # an extended header precedes the next member
        self._size: int | None = None  # from its records

    def feed(self, piece: bytes) -> None:
        """Take the next bytes of the file.

        Raises:
            Refusal: 400 for broken compressed data, 403 for a sparse member or one that can be read in two ways, 413
                from `count`.
        """
        for part in self._inflation.feed(piece) if self._inflation else (piece,):
            if not self.over:
                self._scan(part)

    def _scan(self, piece: bytes) -> None:
        at = 0
        while at < len(piece) and not self.over:
            if self._skip:
                step = min(self._skip, len(piece) - at)
                self._skip -= step
            else:
                step = min(self._wanted - len(self._buffer), len(piece) - at)
                self._buffer += piece[at : at + step]
            at += step
            if not self._skip and len(self._buffer) == self._wanted:
                block = bytes(self._buffer)
                self._buffer.clear()
                self._read_records(block) if self._records_size else self._read_header(block)

    def _read_header(self, block: bytes) -> None:
        header = _parse(block)
        if header is None:
            self.over = True
            return
        kind, size = header
        if kind == tarfile.XHDTYPE and size:
            if size > LONGEST_EXTENSION:
                raise self._refusal(f"an extended header of {size} bytes")
            self._records_size, self._wanted = size, size + -size % BLOCK
        elif kind in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XGLTYPE, tarfile.XHDTYPE):
            self._extended = self._extended or kind != tarfile.XGLTYPE
            self._skip = size + -size % BLOCK
        else:
            self._read_member(kind, size if self._size is None else self._size, block)

    def _read_member(self, kind: bytes, size: int, block: bytes) -> None:
        name = block[:100].partition(b"\0")[0]
        if kind == tarfile.GNUTYPE_SPARSE:
            raise self._refusal("a sparse member")
        if kind == tarfile.AREGTYPE and size and (self._extended or name.endswith(b"/")):
            raise self._refusal("a member that may be a file or a folder")
        self._count(INODE + (size if has_content(kind) else 0))
        self._skip = size + -size % BLOCK if has_content(kind) else 0
        self._extended, self._size = False, None

    def _read_records(self, block: bytes) -> None:
        try:
            records = pax_records(block[: self._records_size], self._what)
        except Refusal as error:
            raise self._refusal("a malformed PAX header") from error
        size = records.get("size", "")
        if is_sparse(records):
            raise self._refusal("a sparse member")
        if size and not re.fullmatch("[0-9]{1,19}", size):
            raise self._refusal("a malformed size")
        self._size = int(size) if size else None
        self._records_size, self._wanted, self._extended = 0, BLOCK, True

    def _refusal(self, inside: str) -> Refusal:
        return Refusal(self._what, f"an archive with {inside}", "Pack it again with tar --format=pax, without -S.")


def _parse(block: bytes) -> tuple[bytes, int] | None:
    """Type and size of a header, None when it is none for Go: other fields than these are not looked at."""
    if len(block) < BLOCK:
        return None
    summed = block[:148] + b" " * 8 + block[156:]
    unsigned = sum(summed)
    signed = unsigned - 256 * len(summed.translate(None, _ASCII))  # some old writers; Go takes both
    size = _number(block[124:136])
    return (block[156:157], size) if _number(block[148:156]) in (unsigned, signed) and size is not None else None


def _number(field: bytes) -> int | None:
    """A number as Go's parseNumeric reads it; None for what it does not read, and for a negative one."""
    if field[0] & 0x80:
        return None if field[0] & 0x40 else int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    digits = field.strip(b" \0").partition(b"\0")[0]
    if not digits:
        return 0
    return int(digits, 8) if _OCTAL.fullmatch(digits) else None
