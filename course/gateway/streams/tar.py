"""Tar, read member by member, as Go's archive/tar reads it (that is what the engine uses).

Read are ustar, GNU long names and PAX; records of a global PAX header do not apply to members, types without content
have none. Sparse members are refused. `course.gateway.streams.member` rewrites what was read.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import AsyncIterator
from dataclasses import dataclass

from course.gateway.policy.limits import MIB
from course.gateway.policy.refusal import Refusal
from course.gateway.streams.member import BLOCK, KINDS, Member, is_sparse, pax_records, shown, text_of
from course.gateway.streams.source import Source

LONGEST_NAME = 4096  # PATH_MAX
LONGEST_EXTENSION = MIB  # bytes of a PAX header or a GNU long name
MOST_NAMES = 16 * MIB  # bytes of all names and link targets of one archive: its readers keep them
HIGHEST_ID = 2**31 - 1
HIGHEST_TIME = 2**40
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{0,12})?", re.ASCII)


@dataclass(frozen=True)
class Caps:
    """What a tar may be at most.

    Args:
        what: what it is, for messages: "the build context".
        size: bytes of the tar, inflated.
        members: how many.
        quota: the name of the size's quota in `Limits`.
    """

    what: str
    size: int
    members: int
    quota: str


class TarReader:
    """The members of a tar, one after the other.

    Args:
        body: the tar, inflated.
        caps: past which it is refused.
    """

    def __init__(self, body: AsyncIterator[bytes], caps: Caps) -> None:
        self._source = Source(body)
        self._caps = caps
        self._count = 0
        self._names = 0  # bytes of names so far
        self._left = 0  # bytes of the current member that nobody has read
        self._padding = 0

    def __repr__(self) -> str:
        return f"<TarReader of {self._caps.what}: {self._count} members, {self._source.taken} bytes>"

    async def members(self) -> AsyncIterator[Member]:
        """Each member; its content, if wanted, must be read before the next one is asked for.

        What follows the end mark is read and dropped.

        Raises:
            Refusal: 400 for what is no tar, 403 for a sparse or unknown type, 413 past a cap.
        """
        extensions: dict[str, str] = {}
        while (info := await self._header()) is not None:
            if info.type in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK):
                key = "path" if info.type == tarfile.GNUTYPE_LONGNAME else "linkpath"
                extensions[key] = text_of((await self._extension(info)).partition(b"\0")[0])
            elif info.type == tarfile.XHDTYPE:
                extensions.update(pax_records(await self._extension(info), self._caps.what))
            elif info.type == tarfile.XGLTYPE:
                await self._extension(info)
            else:
                member = self._member(info, extensions)
                extensions = {}
                self._left, self._padding = member.size, -member.size % BLOCK
                yield member
                await self._expect(self._left)
                await self._source.skip(self._padding)  # the CLI's `build -f -` sends none behind the last member
        if self._count == 0 and self._source.taken == 0:
            raise self._malformed("it is empty")

    async def content(self) -> AsyncIterator[bytes]:
        """The content of the current member in pieces; a tar that ends before is refused."""
        async for piece in self._source.pieces(self._left):
            self._left -= len(piece)
            yield piece
        if self._left:
            raise self._malformed("it ends in the middle of a member")

    async def read(self, most: int) -> bytes:
        """The whole content of the current member.

        Args:
            most: bytes; a larger member is refused.
        """
        if self._left > most:
            raise Refusal(self._caps.what, f"a member that must be read is larger than {most} bytes", status=413)
        return b"".join([piece async for piece in self.content()])

    async def _header(self) -> tarfile.TarInfo | None:
        """The next header, None at the end of the archive."""
        block = await self._source.exactly(BLOCK)
        if not block or block == bytes(BLOCK):
            async for _ in self._source.rest():
                self._check_size(0)
            return None
        self._count += 1
        if self._count > self._caps.members:
            raise Refusal(self._caps.what, f"more members than the quota tar_members, {self._caps.members}", status=413)
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except (tarfile.HeaderError, ValueError) as error:
            raise self._malformed(f"archive/tar: invalid tar header ({error})") from error
        if info.size < 0:
            raise self._malformed("a member of negative size")
        self._check_size(info.size)
        return info

    async def _extension(self, info: tarfile.TarInfo) -> bytes:
        if info.size > LONGEST_EXTENSION:
            raise Refusal(self._caps.what, f"an extended header of {info.size} bytes", status=413)
        data = await self._source.exactly(info.size)
        if len(data) < info.size:
            raise self._malformed("it ends in the middle of a header")
        await self._expect(-info.size % BLOCK)
        return data

    def _member(self, info: tarfile.TarInfo, extensions: dict[str, str]) -> Member:
        if is_sparse(extensions) or info.type == tarfile.GNUTYPE_SPARSE:
            raise Refusal(self._caps.what, f"{shown(info.name)} is a sparse member", "Pack it with tar --format=pax.")
        kind = KINDS.get(info.type)
        if kind is None:
            raise Refusal(self._caps.what, f"{shown(info.name)} is a member of unknown type {info.type!r}")
        size = int(self._number(extensions, "size", info.size)) if kind == "file" else 0
        if size < 0:
            raise self._malformed("a member of negative size")
        self._check_size(size)
        self._names += len(extensions.get("path") or info.name) + len(extensions.get("linkpath") or info.linkname)
        if self._names > MOST_NAMES:
            raise Refusal(self._caps.what, f"names of more than {MOST_NAMES // MIB} MiB in all", status=413)
        return Member(
            name=self._path(extensions.get("path") or info.name),
            kind=kind,
            size=size,
            mode=info.mode & 0o7777,
            uid=_within(self._number(extensions, "uid", info.uid), HIGHEST_ID),
            gid=_within(self._number(extensions, "gid", info.gid), HIGHEST_ID),
            mtime=max(0.0, min(self._number(extensions, "mtime", info.mtime), HIGHEST_TIME)),
            link=self._path(extensions.get("linkpath") or info.linkname),
            uname=(extensions.get("uname") or info.uname)[:64],
            gname=(extensions.get("gname") or info.gname)[:64],
        )

    def _path(self, path: str) -> str:
        if "\0" in path or len(path) > LONGEST_NAME:
            raise self._malformed("a name with NUL, or longer than 4096 characters")
        return path

    def _number(self, extensions: dict[str, str], key: str, fallback: float) -> float:
        text = extensions.get(key)
        if not text:
            return fallback
        if not _NUMBER.fullmatch(text):
            raise self._malformed(f"the PAX record {key} is no number")
        return int(text) if "." not in text else float(text)

    def _check_size(self, coming: int) -> None:
        if self._source.taken + coming > self._caps.size:
            limit = f"the quota {self._caps.quota}, {self._caps.size // MIB} MiB"
            raise Refusal(self._caps.what, f"larger than {limit}", "Leave out what is not needed.", status=413)

    async def _expect(self, size: int) -> None:
        if await self._source.skip(size) < size:
            raise self._malformed("it ends in the middle of a member")

    def _malformed(self, why: str) -> Refusal:
        return Refusal(self._caps.what, why, "Send a tar archive.", status=400)


def _within(number: float, most: int) -> int:
    return max(0, min(int(number), most))
