"""A build context: spooled, its Dockerfile rewritten, rebuilt as one clean tar."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import IO

from course.gateway.policy.names import Names
from course.gateway.streams.dockerfile import BaseConfig, Step


@dataclass(frozen=True)
class Context:
    """A context that is ready for the engine; a context manager, its spool file is gone after the block.

    Args:
        dockerfile: the value of the `dockerfile` query for the engine.
        steps: the instructions as the learner wrote them, for `translate_output`.
        bases: full ids of the images that FROM and COPY --from name.
        size: bytes of the tar.
    """

    dockerfile: str
    steps: tuple[Step, ...]
    bases: tuple[str, ...]
    size: int
    spool: IO[bytes]

    def __enter__(self) -> Context:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.spool.close()

    def chunks(self) -> AsyncIterator[bytes]:
        """The tar for the engine; may be read once."""
        raise NotImplementedError


async def read_context(
    body: AsyncIterator[bytes],
    *,
    dockerfile: str,
    names: Names,
    base_config: BaseConfig,
    buildargs: Mapping[str, str | None] | None = None,
) -> Context:
    """Read a whole context to disk, check it and rewrite it; nothing has gone to the engine when this returns.

    Args:
        body: the request's body: tar, or tar in gzip, bzip2 or xz.
        dockerfile: the `dockerfile` query as parsed by the policy ("" means Dockerfile).
        names: the session.
        base_config: gives the Config of an image by its full id, for its ONBUILD triggers.
        buildargs: the `buildargs` query; FROM may use them.

    Raises:
        Refusal: 400, 403, 404 (an image that the session does not have) or 413.
    """
    raise NotImplementedError
