"""Which instructions of an image made a layer, read from the image's own configuration."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import docker
import msgspec
from docker.errors import DockerException

from course.engine.errors import translate
from course.engine.facts import ImageFact, LayerFact, image_fact, is_guessed

LONGEST_CONFIG = 4 << 20
"""Larger members of an archive are no configuration (bytes)."""
MOST_READ = 1 << 30
"""How much of an archive is read to find the configuration (bytes)."""
_PIECE = 1 << 18


class _Made(msgspec.Struct):
    empty_layer: bool = False


class _RootFS(msgspec.Struct):
    diff_ids: tuple[str, ...]


class _Config(msgspec.Struct):
    """The part of an image's configuration that is read (OCI Image Specification, config.md)."""

    rootfs: _RootFS
    history: tuple[_Made, ...]


def image_with_its_layers(client: docker.DockerClient, ref: str) -> ImageFact:
    """Read an image; where its history leaves open which instructions made its layers, its configuration is read too.

    No endpoint shows `empty_layer`, and sizes don't tell: `RUN mkdir /shop` makes a layer of no bytes, and `WORKDIR`
    makes one with BuildKit but not always with the classic builder. The configuration is in the archive that the
    engine saves.

    Args:
        client: of an engine or a session.
        ref: a reference, id or id prefix.

    Raises:
        EngineError: `ImageMissing` where there is none, or another of the tree.
    """
    fact = image_fact(client, ref)
    if not is_guessed(fact.layers):
        return fact
    try:
        archive = client.api.get_image(fact.id, chunk_size=_PIECE)
        with closing(archive):
            made = made_layers(archive, fact.diff_ids)
    except (DockerException, OSError) as error:
        raise translate(error) from error
    if len(made) > len(fact.layers) or sum(made) != len(fact.diff_ids):
        return fact
    ids = iter(fact.diff_ids)
    return replace(
        fact,
        layers=tuple(
            LayerFact(next(ids) if has else None, one.instruction, one.size)
            for has, one in zip(made, fact.layers, strict=False)  # what had no entry comes after them
        ),
    )


def made_layers(archive: Iterable[bytes], diff_ids: tuple[str, ...]) -> tuple[bool, ...]:
    """For each entry of an image's history, the oldest first, whether it made a layer.

    Args:
        archive: the pieces of GET /images/{name}/get.
        diff_ids: the image's layers, to know its configuration among the other files.

    Returns:
        () where no configuration of this image is among the first `MOST_READ` bytes.
    """
    pieces = io.BufferedReader(Pieces(_bounded(archive)), _PIECE)
    try:
        with tarfile.open(fileobj=pieces, mode="r|", bufsize=_PIECE) as outer:
            for member in outer:
                content: Any = outer.extractfile(member) if member.isfile() else None
                if content is None or member.size > LONGEST_CONFIG:
                    continue
                config = _config(content.read())
                if config and config.rootfs.diff_ids == diff_ids:
                    return tuple(not one.empty_layer for one in config.history)
    except tarfile.TarError:
        pass  # cut off at `MOST_READ`
    return ()


def _config(content: bytes) -> _Config | None:
    if not content.startswith(b"{"):
        return None
    try:
        return msgspec.json.decode(content, type=_Config)
    except msgspec.MsgspecError:
        return None  # a manifest, or an index


def _bounded(archive: Iterable[bytes]) -> Iterator[bytes]:
    left = MOST_READ
    for piece in archive:
        yield piece
        left -= len(piece)
        if left <= 0:
            return


class Pieces(io.RawIOBase):
    """An iterator of bytes as a file that is read once."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        number = min(len(buffer), len(self._rest))
        buffer[:number], self._rest = self._rest[:number], self._rest[number:]
        return number
