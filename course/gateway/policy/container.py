"""Container create: the learner's body becomes a ContainerSpec; the engine's body is built from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from course.gateway.policy.names import EngineRequest, Names
from course.gateway.policy.query import Query


@dataclass(frozen=True)
class ImageView:
    """What a create needs to know about its image: the full id and its Config (may be {})."""

    id: str
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ContainerSpec:
    """A parsed create. Order of use: invent a name when `name` is "" (`named`), resolve `image` (names.image),
    create the volumes in `volumes_needed` that names.volume does not know, then `engine_request`."""

    name: str
    image: str
    volumes_needed: tuple[str, ...]
    config: Mapping[str, Any]
    host: Mapping[str, Any]
    endpoints: Mapping[str, Mapping[str, Any]]

    def named(self, name: str) -> ContainerSpec:
        """The same with a name."""
        raise NotImplementedError

    def engine_request(self, names: Names, image: ImageView) -> EngineRequest:
        """The request for the engine: forced, kept and refused as in README.md.

        Raises:
            Refusal: 403 for what may not be used, 404 for a container, network or volume that the session does not have.
        """
        raise NotImplementedError


def parse_create(raw: bytes, query: Query) -> ContainerSpec:
    """Read a create body.

    Raises:
        Refusal: 400, 403 or 413.
    """
    raise NotImplementedError


def check_name(kind: str, name: str) -> str:
    """A name for a container, network or volume that a learner may choose; hex-only names could pass for an id.

    Args:
        kind: "container", "network" or "volume".
        name: as typed; a leading slash of a container's name is dropped.
    """
    raise NotImplementedError


def invent_name() -> str:
    """A name for a container that was given none, two words as the engine does it."""
    raise NotImplementedError
