"""A layer of an image archive: its digests and its size, taken while it passes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from course.gateway.policy.refusal import Refusal
from course.gateway.streams.image_manifest import WHAT
from course.gateway.streams.image_oci import BLOB
from course.gateway.streams.inflate import ALL, Inflation, compression
from course.gateway.streams.unpacking import Unpacking

Count = Callable[[int, int], None]  # gets the number of inflated bytes and of the file's bytes so far; may refuse


@dataclass(frozen=True)
class Layer:
    """A file of the archive that may be a layer.

    Args:
        sent: its name in the archive for the engine.
        digest: of its content, uncompressed.
        size: bytes, uncompressed.
        blob: the digest of the file as it is.
    """

    sent: str
    digest: str
    size: int
    blob: str


class LayerDigest:
    """The digests of a layer, which may be compressed: as it is in the archive, and of its content."""

    def __init__(self, start: bytes, count: Count) -> None:
        kind = compression(start)
        if kind and kind not in ALL:
            raise Refusal(WHAT, f"a layer is compressed with {kind}", "Save the image with an engine's docker save.")
        self._inflation = Inflation(kind, WHAT) if kind else None
        self._blob = hashlib.sha256()
        self._content = hashlib.sha256() if kind else self._blob
        self._unpacking = Unpacking(WHAT, b"", lambda size: None)  # sizes are those of real bytes, counted elsewhere
        self._count = count
        self._size = 0
        self._taken = 0
        self.add(start)

    def add(self, piece: bytes) -> None:
        """Take the next piece of the layer as it is in the archive."""
        self._taken += len(piece)
        self._blob.update(piece)
        if self._inflation is None:
            self._unpacking.feed(piece)
            self._size += len(piece)
            return
        for part in self._inflation.feed(piece):
            self._content.update(part)
            self._unpacking.feed(part)
            self._size += len(part)
            self._count(len(part), self._taken)

    def layer(self, sent: str) -> Layer:
        """The layer, all of it having been added.

        Raises:
            Refusal: 400 for a blob whose name is not its digest.
        """
        if self._inflation:
            self._inflation.end()
        blob = self._blob.hexdigest()
        claimed = BLOB.fullmatch(sent)
        if claimed and claimed[1] != blob:
            raise Refusal(
                WHAT, f"the blob {claimed[1][:12]}… holds something else", "Save the image again.", status=400
            )
        return Layer(sent, f"sha256:{self._content.hexdigest()}", self._size, f"sha256:{blob}")
