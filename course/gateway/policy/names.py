"""The seam between the policy and a session's ledger: how a learner's words become the engine's ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from course.gateway.policy.limits import Policy

RESERVED = "org.slipway."  # labels with this prefix are set by the gateway and refused from users
SESSION_LABEL = RESERVED + "session"
OWNER_LABEL = RESERVED + "owner"
IMAGE_LABEL = RESERVED + "image"  # a container's image as its creator wrote it; the engine is given the id
BASE_LABEL = RESERVED + "base"
BASE_NAMES = ("course/busybox", "course/python", "course/node", "course/registry")


@dataclass(frozen=True)
class EngineRequest:
    """What is sent to the engine in place of the learner's request; built from parsed values only."""

    method: str
    parts: tuple[str, ...]  # path segments after the version, unquoted; the client quotes each one whole
    query: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    body: Any = None  # a JSON value, or None for no body


class Names(Protocol):
    """A session's names. Every lookup is among the session's own objects and, for images, the base images.

    Each method raises `Refusal` with status 404 (`refusal.unknown`) for what the session does not have.
    A name wins over an id; an id prefix counts only when exactly one own object has it.
    """

    sid: str
    policy: Policy

    def labels(self) -> dict[str, str]:
        """The ownership labels that everything of this session carries on the engine."""

    def cgroup_parent(self) -> str:
        """The cgroup under which all containers and builds of the session run; "" when the engine has none for it."""

    def container(self, ref: str) -> str:
        """Full engine id for a learner's container name, id or unique id prefix (a leading slash is allowed)."""

    def network(self, ref: str) -> str:
        """Full engine id for a network; "bridge" and "default" are the session's default network."""

    def volume(self, ref: str) -> str:
        """Engine name for a volume."""

    def image(self, ref: str) -> str:
        """Full engine image id (sha256:…) for an own or base image: reference, digest reference, id, id prefix."""

    def image_reference(self, image_id: str) -> str:
        """The engine's reference of an own or base image, one that nobody in a session can write."""

    def is_base(self, image_id: str) -> bool:
        """Whether that image id is a base image."""

    def container_name(self, engine_id: str) -> str | None:
        """The learner's name (no slash) of an own container, None for a foreign one."""

    def network_name(self, engine_id: str) -> str | None:
        """The learner's name of an own network, None for a foreign one."""

    def volume_name(self, engine_name: str) -> str | None:
        """The learner's name of an own volume, None for a foreign one."""

    def image_tags(self, image_id: str) -> tuple[str, ...]:
        """The learner's references ("shop:1", "localhost:5000/shop:1", "course/busybox:latest") of a visible image."""

    def image_digests(self, image_id: str) -> tuple[str, ...]:
        """The learner's digest references ("localhost:5000/shop@sha256:…") of a visible image."""
