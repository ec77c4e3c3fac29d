"""Image archives on their way in (docker load): every layer is hashed, every name becomes the session's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from course.gateway.policy.names import Names


@dataclass(frozen=True)
class LoadedImage:
    """An image of the archive.

    Args:
        id: the digest of its config, which is its id on an engine without the containerd image store.
        references: the learner's references.
        engine_references: the same on the engine, in the same order.
        size: bytes of its layers, uncompressed.
    """

    id: str
    references: tuple[str, ...]
    engine_references: tuple[str, ...]
    size: int


class LoadStream:
    """The archive for the engine, an async iterator of bytes; `images` is filled when it has ended."""

    images: tuple[LoadedImage, ...]

    def __aiter__(self) -> AsyncIterator[bytes]:
        raise NotImplementedError


def rewrite_load(body: AsyncIterator[bytes], *, names: Names) -> LoadStream:
    """Rebuild an image archive (docker save v1.2, or the OCI layout of newer engines) while it passes.

    Args:
        body: the request's body: tar, or tar in gzip, bzip2 or xz.
        names: the session; its limits `image_tar`, `tar_members` and `images` are the caps.

    Raises:
        Refusal: while iterating: 400, 403 (base names, missing or false layers) or 413. The caller breaks the engine's request off.
    """
    raise NotImplementedError
