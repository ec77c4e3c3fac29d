"""The files of an image's layers, read from the archive that the engine saves: no container and no shell."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import IO, Any

from course.engine.made_layers import Pieces
from course.errors import CourseError
from course.widgets.words import plain

MOST_FILES = 20_000
"""How many files of one layer are listed; all are counted."""
MOST_BYTES = 4_000_000_000
"""How much of an archive is read."""
_WHITEOUT = ".wh."
_PIECE = 1 << 18


class ImageTooLarge(CourseError):
    """An image whose archive is larger than a picture reads."""


@dataclass(frozen=True)
class LayerFile:
    """One entry of a layer: its path, what it is, its size in bytes, and what it does to the layers below.

    `kind` is "file", "folder", "link" or "other"; `does` is "added", "changed" or "deleted".
    """

    path: str
    kind: str
    size: int
    does: str = "added"


@dataclass(frozen=True)
class LayerFiles:
    """The entries of a layer by path, at most `MOST_FILES`; how many there are, and their bytes."""

    files: tuple[LayerFile, ...]
    number: int
    size: int


def read_layers(archive: Iterable[bytes], report: Callable[[int], None]) -> dict[str, LayerFiles]:
    """List every layer of a saved image.

    Layers are told apart by the digest of their content, so neither the order nor the names in the archive matter:
    `layer.tar` in a folder each (engines up to 24), or blobs, perhaps compressed by gzip (25 and later).

    Args:
        archive: the pieces of GET /images/{name}/get.
        report: called with the bytes that were read; what it raises ends the reading.

    Returns:
        The files by the layer's diff id ("sha256:…"). A layer that is compressed in another way is absent.

    Raises:
        ImageTooLarge: the archive has more than `MOST_BYTES`.
        tarfile.TarError: it is no tar archive.
    """
    found: dict[str, LayerFiles] = {}
    pieces = io.BufferedReader(Pieces(_watched(archive, report)), _PIECE)
    with tarfile.open(fileobj=pieces, mode="r|", bufsize=_PIECE) as outer:
        for member in outer:
            if not member.isfile() or not member.name.endswith("layer.tar") | ("blobs/" in member.name):
                continue
            content: Any = outer.extractfile(member)
            start = content.peek(6)[:6]
            if start[:2] == b"\x1f\x8b":
                content = gzip.GzipFile(fileobj=content)
            elif start[:1] in (b"{", b"[") or start[:4] == b"\x28\xb5\x2f\xfd":
                continue  # a configuration, or a layer that is compressed by zstd
            digest, files = _layer(content)
            found[digest] = files
    return found


def compared(diff_ids: Sequence[str], layers: dict[str, LayerFiles]) -> dict[str, LayerFiles]:
    """Say for each file whether it is new or takes the place of one in a layer below.

    Args:
        diff_ids: the image's layers, the lowest first.
        layers: of `read_layers`.
    """
    below: set[str] = set()
    said = {}
    for diff_id in diff_ids:
        layer = layers.get(diff_id)
        if layer is None:
            continue
        files = tuple(
            replace(one, does="changed") if one.does == "added" and one.path in below else one for one in layer.files
        )
        said[diff_id] = replace(layer, files=files)
        below.update(one.path for one in files)
        below.difference_update(one.path for one in files if one.does == "deleted")
    return said


def _layer(content: IO[bytes]) -> tuple[str, LayerFiles]:
    hashed = _Hashed(content)
    kept: list[LayerFile] = []
    number = size = 0
    reader = io.BufferedReader(hashed, _PIECE)
    with tarfile.open(fileobj=reader, mode="r|", bufsize=_PIECE) as inner:
        for member in inner:
            inner.members = []  # type: ignore[attr-defined]  # tarfile would keep every header of a huge layer
            number, size = number + 1, size + member.size
            if len(kept) < MOST_FILES:
                kept.append(_file(member))
    while reader.read(_PIECE):
        pass  # the padding at the end belongs to the digest
    return f"sha256:{hashed.digest.hexdigest()}", LayerFiles(
        tuple(sorted(kept, key=lambda one: one.path)), number, size
    )


def _file(member: tarfile.TarInfo) -> LayerFile:
    folder, _, name = f"/{member.name.removeprefix('./').strip('/')}".rpartition("/")
    if name == ".wh..wh..opq":
        return LayerFile(plain(f"{folder or '/'} (all that was in it)"), "folder", 0, "deleted")
    if name.startswith(_WHITEOUT):
        return LayerFile(plain(f"{folder}/{name.removeprefix(_WHITEOUT)}"), "file", 0, "deleted")
    kind = "folder" if member.isdir() else "link" if member.issym() or member.islnk() else "file"
    return LayerFile(plain(f"{folder}/{name}"), kind if member.isfile() or kind != "file" else "other", member.size)


def _watched(archive: Iterable[bytes], report: Callable[[int], None]) -> Iterator[bytes]:
    seen = 0
    for piece in archive:
        seen += len(piece)
        if seen > MOST_BYTES:
            raise ImageTooLarge(
                f"an image of at most {MOST_BYTES // 10**9} GB", "this one is larger", "look into a container of it"
            )
        report(seen)
        yield piece


class _Hashed(io.RawIOBase):
    """A file that is read once, with the digest of what was read."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._content.read(len(buffer))
        self.digest.update(piece)
        buffer[: len(piece)] = piece
        return len(piece)
