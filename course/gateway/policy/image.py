"""Images: tag, push, pull, delete, commit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from course.gateway.policy.names import EngineRequest, Names
from course.gateway.policy.query import Query
from course.gateway.policy.reference import Reference


@dataclass(frozen=True)
class Transfer:
    """A push or a pull that is allowed.

    Args:
        kind: "base" (a pull of a course image: answer "up to date", ask nobody) or "registry".
        reference: the learner's reference ("localhost:32768/shop:1").
        host: the registry, as "localhost:32768"; "" for a base image.
        target: the name that the engine must use on the wire ("localhost:32768/shop"), tag apart.
        tag: the tag ("" with a digest), digest: the digest ("" with a tag).
    """

    kind: Literal["base", "registry"]
    reference: Reference
    host: str
    target: str
    tag: str
    digest: str


def tag_request(query: Query, names: Names, image: str) -> tuple[EngineRequest, Reference]:
    """Tag an own (or base) image with an own name; the new learner's reference comes along for the ledger."""
    raise NotImplementedError


def parse_push(name: str, query: Query, registries: Collection[str]) -> Transfer:
    """Check a push.

    Args:
        name: the name in the path.
        query: the query (tag).
        registries: the "localhost:PORT" that the learner's own sessions publish a registry on; 127.0.0.1 counts as localhost.
    """
    raise NotImplementedError


def parse_pull(query: Query, registries: Collection[str]) -> Transfer:
    """Check POST /images/create: a base image, or an own registry; imports are refused."""
    raise NotImplementedError


@dataclass(frozen=True)
class CommitSpec:
    """A parsed commit. `reference` is None when no name was given."""

    container: str
    reference: Reference | None
    changes: tuple[str, ...]
    comment: str
    author: str
    pause: bool

    def engine_request(self, names: Names) -> EngineRequest:
        """The engine's commit of an own container, to the engine's name of the reference."""
        raise NotImplementedError


def parse_commit(raw: bytes, query: Query, cap: int) -> CommitSpec:
    """Read a commit: the body must be empty or {}; `changes` is checked instruction by instruction."""
    raise NotImplementedError


def check_changes(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Dockerfile instructions of a commit, each on its own, rebuilt."""
    raise NotImplementedError


def remove_check(query: Query, names: Names, image: str) -> Mapping[str, Any]:
    """Which names a DELETE of `image` takes away.

    Returns:
        {"id": full id, "untag": (learner's references…), "delete": whether the image itself is to go, "force": bool}.

    Raises:
        Refusal: 404 for a foreign image, 403 for a base image, 409 for an id with several names without force.
    """
    raise NotImplementedError
