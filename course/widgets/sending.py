"""An image on its way to another machine, by archive or by registry: how far it is, until somebody cancels it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import docker

from course.engine.errors import ImageMissing
from course.errors import CourseError
from course.widgets.drawn import Cancelled
from course.widgets.words import counted, size_words

REGISTRY = "localhost:5000"
"""What a lesson calls the registry container of the session."""
_BLOCK = 512


class NotSent(CourseError):
    """The registry or the other machine refused the image."""


@dataclass(frozen=True)
class Way:
    """How far a transfer is: its step ("save", "load", "push", "pull"), bytes and layers, and what was there already.

    `size` is 0 where nobody knows it beforehand.
    """

    step: str
    sent: int = 0
    size: int = 0
    done: int = 0
    layers: int = 0
    present: int = 0

    @property
    def share(self) -> int:
        """The percentage, 0 to 100: by bytes where the size is known, else by layers."""
        whole, part = (self.size, self.sent) if self.size else (self.layers, self.done)
        return min(100, round(100 * part / whole)) if whole else 0

    @property
    def words(self) -> str:
        """As people say it."""
        size = f" of {size_words(self.size)}" if self.size else ""
        present = f", {self.present} already there" if self.present else ""
        return f"{self.step}: {size_words(self.sent)}{size}, {self.done} of {counted(self.layers, 'layer')}{present}"


Report = Callable[[Way], None]


@dataclass
class ArchiveWatch:
    """Counts the layers in an image archive (docker save) while its bytes pass.

    Args:
        diff_ids: of the image's layers; engines from 25 on name a layer by it, older ones call each `…/layer.tar`.
    """

    diff_ids: Sequence[str]
    layers: int = 0
    _head: bytes = b""
    _skip: int = 0
    _in_layer: bool = field(default=False)

    def take(self, piece: bytes) -> None:
        """Go on with the next bytes."""
        while piece:
            if self._skip:
                step = min(self._skip, len(piece))
                piece, self._skip = piece[step:], self._skip - step
                if not self._skip and self._in_layer:
                    self.layers, self._in_layer = self.layers + 1, False
                continue
            step = min(_BLOCK - len(self._head), len(piece))
            self._head, piece = self._head + piece[:step], piece[step:]
            if len(self._head) == _BLOCK:
                self._begin(self._head)
                self._head = b""

    def _begin(self, head: bytes) -> None:
        """A member's head (POSIX ustar): its name at 0, its size in octal at 124, its kind at 156."""
        name = head[:100].rstrip(b"\0").decode(errors="replace")
        octal = head[124:136].strip(b"\0 ")
        size = int(octal, 8) if octal.isdigit() else 0
        self._skip = -(-size // _BLOCK) * _BLOCK
        digest = f"sha256:{name.removeprefix('blobs/sha256/')}"
        layer = name.endswith("/layer.tar") or digest in self.diff_ids
        self._in_layer = layer and head[156:157] in (b"0", b"\0") and size > 0


def by_archive(
    name: str,
    diff_ids: Sequence[str],
    size: int,
    machines: tuple[docker.DockerClient, docker.DockerClient],
    report: Report,
    stop: Event,
) -> None:
    """Save an image on the first machine into the second one's load; nothing is kept in between.

    Raises:
        Cancelled: `stop` was set.
        NotSent: the other machine refused the archive.
    """
    here, there = machines
    watch, sent = ArchiveWatch(diff_ids), 0

    def pieces() -> Generator[bytes, None, None]:
        nonlocal sent
        for piece in here.api.get_image(name):
            sent += len(piece)
            watch.take(piece)
            report(Way("save and load", sent, max(size, sent), watch.layers, len(diff_ids)))
            _unless(stop, f"{size_words(sent)} were sent, and nothing is loaded")
            yield piece

    with closing(pieces()) as archive:
        for line in there.api.load_image(archive):
            _refused(line)
            _unless(stop, "the archive was sent; look whether it is loaded")
    report(Way("save and load", sent, sent, len(diff_ids), len(diff_ids)))


def by_registry(
    name: str, machines: tuple[docker.DockerClient, docker.DockerClient], report: Report, stop: Event
) -> str:
    """Push an image from the first machine to the session's registry, and pull it on the second one.

    Returns:
        The name under which the registry holds it.

    Raises:
        Cancelled: `stop` was set.
        NotSent: the registry or the other machine refused.
    """
    here, there = machines
    repository, tag = shelf_name(name)
    if not here.api.tag(name, repository, tag):
        raise ImageMissing(f"an image {name}", "none", "build it, or choose another")
    for step, client, call in (("push", here, here.api.push), ("pull", there, there.api.pull)):
        lines = call(repository, tag=tag, stream=True, decode=True)
        try:
            for way in ways(step, lines):
                report(way)
                _unless(stop, f"{way.words}")
        finally:
            lines.close()
            if stop.is_set():
                client.close()  # the engine stops when nobody reads its answer
    return f"{repository}:{tag}"


def shelf_name(name: str) -> tuple[str, str]:
    """What the registry calls an image: repository and tag, such as "localhost:5000/prices" and "1"."""
    repository, _, tag = name.rpartition(":")
    if not repository or "/" in tag:
        repository, tag = name, "latest"
    return (repository if repository.startswith(f"{REGISTRY}/") else f"{REGISTRY}/{repository}", tag)


def ways(step: str, lines: Iterable[dict[str, Any]]) -> Iterator[Way]:
    """What the progress lines of a push or pull (one JSON object each, by layer) come to.

    Raises:
        NotSent: a line says what went wrong.
    """
    sent: dict[str, int] = {}
    sizes: dict[str, int] = {}
    done: set[str] = set()
    present: set[str] = set()
    for line in lines:
        _refused(line)
        layer, status = line.get("id"), str(line.get("status", ""))
        detail = line.get("progressDetail") or {}
        if not isinstance(layer, str) or not status.startswith(_OF_LAYERS):
            continue
        sizes.setdefault(layer, 0)
        if status in ("Pushing", "Downloading"):
            sizes[layer] = max(int(detail.get("total") or 0), sizes[layer])
            sent[layer] = max(int(detail.get("current") or 0), sent.get(layer, 0))
        if status in ("Layer already exists", "Already exists"):
            present.add(layer)
        if status.startswith(_DONE):
            done.add(layer)
            sent[layer] = sizes[layer]
        yield Way(step, sum(sent.values()), sum(sizes.values()), len(done), len(sizes), len(present))


_DONE = ("Pushed", "Pull complete", "Layer already exists", "Already exists", "Mounted from")
_OF_LAYERS = (
    *_DONE, "Preparing", "Waiting", "Pushing", "Pulling fs layer", "Downloading", "Download complete",
    "Verifying Checksum", "Extracting",
)  # fmt: skip


def _refused(line: dict[str, Any]) -> None:
    if "error" in line:
        raise NotSent("the image on the other machine", str(line["error"])[:300], "read the message, and try again")


def _unless(stop: Event, so_far: str) -> None:
    if stop.is_set():
        raise Cancelled("the whole image", so_far, "press the button again")
