"""Build: the query of POST /build; the context is read by course.gateway.streams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from course.gateway.policy.names import Names
from course.gateway.policy.query import Query
from course.gateway.policy.reference import Reference


@dataclass(frozen=True)
class BuildSpec:
    """A parsed build. `dockerfile` is a clean relative path; `tags` are the learner's references."""

    tags: tuple[Reference, ...]
    dockerfile: str
    buildargs: Mapping[str, str | None]
    labels: Mapping[str, str]
    target: str
    quiet: bool
    nocache: bool

    def engine_query(self, names: Names, cache_from: tuple[str, ...], network: str) -> dict[str, str | tuple[str, ...]]:
        """The query for the engine: limits, cgroup, rm, forcerm and version forced.

        Args:
            names: the session.
            cache_from: engine references of own images: with a list the classic builder takes cached layers from the
                parents of these images only, never from another session's.
            network: "none" or the engine id of the session's default network, for RUN.
        """
        raise NotImplementedError


def parse(query: Query) -> BuildSpec:
    """Read the query of a build; what the session's limits replace is ignored, what loosens is refused."""
    raise NotImplementedError
