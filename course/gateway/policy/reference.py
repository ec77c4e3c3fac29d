"""Image references: the grammar of distribution/reference, and the two-way mapping to the engine's names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reference:
    """A parsed reference. `domain` is "docker.io" when none was written; `path` has "library/" where it is implied."""

    domain: str
    path: str
    tag: str
    digest: str

    def familiar(self) -> str:
        """As the CLI shows it: "shop:1", "localhost:5000/shop:1", "shop@sha256:…"; no tag when there is none."""
        raise NotImplementedError

    def repository(self) -> str:
        """The familiar name without tag and digest."""
        raise NotImplementedError


def parse(text: str, *, default_tag: str = "latest") -> Reference:
    """Parse what a learner wrote; a reference with neither tag nor digest gets `default_tag`.

    Raises:
        Refusal: 400 with the engine's words for an invalid reference.
    """
    raise NotImplementedError


def is_base(ref: Reference) -> bool:
    """Whether it names a base image's repository."""
    raise NotImplementedError


def check_writable(ref: Reference) -> Reference:
    """The same reference, unless it names a base image.

    Raises:
        Refusal: 403.
    """
    raise NotImplementedError


def to_engine(sid: str, ref: Reference | str) -> str:
    """The engine's reference for a learner's; a base image's is itself."""
    raise NotImplementedError


def from_engine(sid: str, engine_ref: str) -> str | None:
    """The learner's reference for the engine's; None for a foreign one and for a hold tag."""
    raise NotImplementedError


def hold_tag(sid: str, image_id: str) -> str:
    """The tag that holds an image for a session, never shown."""
    raise NotImplementedError
