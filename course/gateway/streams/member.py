"""One member of a tar: its kind, its rewritten header, its normalized name, its PAX records."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from course.gateway.policy.refusal import Refusal

Kind = Literal["file", "dir", "symlink", "hardlink", "device", "fifo"]

BLOCK: Final = 512
END: Final = bytes(2 * BLOCK)
KINDS: dict[bytes, Kind] = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.CONTTYPE: "file",
    tarfile.DIRTYPE: "dir",
    tarfile.SYMTYPE: "symlink",
    tarfile.LNKTYPE: "hardlink",
    tarfile.CHRTYPE: "device",
    tarfile.BLKTYPE: "device",
    tarfile.FIFOTYPE: "fifo",
}
_TYPES: dict[Kind, bytes] = {
    "file": tarfile.REGTYPE,
    "dir": tarfile.DIRTYPE,
    "symlink": tarfile.SYMTYPE,
    "hardlink": tarfile.LNKTYPE,
}


@dataclass(frozen=True)
class Member:
    """One member. `name` and `link` are as in the tar, bytes that are no UTF-8 as surrogates; `mtime` in seconds."""

    name: str
    kind: Kind
    size: int = 0
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    mtime: float = 0.0
    link: str = ""
    uname: str = ""
    gname: str = ""


def header(member: Member) -> bytes:
    """A fresh header: PAX where a value does not fit into ustar, GNU for a name that is not UTF-8.

    Raises:
        ValueError: for a device or a fifo, which have no business in a rewritten tar.
    """
    if member.kind not in _TYPES:
        raise ValueError(f"a {member.kind} cannot be written")
    info = tarfile.TarInfo(member.name)
    info.type, info.size, info.mode = _TYPES[member.kind], member.size, member.mode
    info.uid, info.gid, info.uname, info.gname = member.uid, member.gid, member.uname, member.gname
    info.mtime = int(member.mtime) if member.mtime == int(member.mtime) else member.mtime
    info.linkname = member.link
    texts = (member.name, member.link, member.uname, member.gname)
    utf8 = not any("\ud800" <= letter <= "\udfff" for text in texts for letter in text)
    if not utf8:
        info.mtime = int(member.mtime)
    return info.tobuf(tarfile.PAX_FORMAT if utf8 else tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def padding(size: int) -> bytes:
    """The zeros between a content of `size` bytes and the next header."""
    return bytes(-size % BLOCK)


def whole(member: Member, content: bytes) -> bytes:
    """A file as header, content and padding in one; its size is that of the content."""
    return header(replace(member, size=len(content))) + content + padding(len(content))


def clean_name(name: str, what: str) -> str:
    """The one spelling of a member's path below the root of the archive; "" for the root itself.

    Args:
        name: as in the tar; a leading slash is dropped, as the engine and GNU tar do.
        what: the archive, for the message.

    Raises:
        Refusal: 403 for a path with `..`.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise Refusal(f"{what}, the member {shown(name)}", "a path may not hold ..", "Pack the folder from inside.")
    return "/".join(parts)


def shown(name: str) -> str:
    """A name for a message: short, and free of bytes that JSON cannot carry."""
    return repr(name.encode("utf-8", "replace").decode()[:120])


def is_sparse(records: Mapping[str, str]) -> bool:
    """Whether the records of a PAX header are those of a sparse member."""
    return any(key.startswith("GNU.sparse.") for key in records)


def has_content(kind: bytes) -> bool:
    """Whether content follows the header of a member of that type; Go takes none for links, folders and devices."""
    return KINDS.get(kind, "file") == "file"


def pax_records(data: bytes, what: str) -> dict[str, str]:
    """The records of a PAX header; a later one of the same key wins, an empty one says nothing (as in Go).

    Raises:
        Refusal: 400.
    """
    records: dict[str, str] = {}
    at = 0
    while at < len(data):
        space = data.find(b" ", at, at + 10)
        digits = data[at:space] if space > at else b""
        end = at + int(digits) if digits.isdigit() else 0
        record = data[space + 1 : end - 1]
        key, equals, value = record.partition(b"=")
        if end <= space + 1 or end > len(data) or data[end - 1] != 10 or not equals or not key:
            raise Refusal(what, "a malformed PAX header", "Send a tar archive.", status=400)
        records[text_of(key)] = text_of(value)
        at = end
    return {key: value for key, value in records.items() if value}


def text_of(data: bytes) -> str:
    """A name of a tar: UTF-8, other bytes as surrogates."""
    return data.decode("utf-8", "surrogateescape")
