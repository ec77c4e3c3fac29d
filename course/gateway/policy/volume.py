"""Volumes: a name and labels, on the local driver, without options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from course.gateway.policy.names import EngineRequest, Names


@dataclass(frozen=True)
class VolumeSpec:
    """A parsed volume create; `name` is invented (64 hex) when none was given."""

    name: str
    labels: Mapping[str, str]

    def engine_request(self, names: Names) -> EngineRequest:
        """The engine's create. Check the labels of the answer: the engine hands out an existing volume of that name."""
        raise NotImplementedError


def parse_create(raw: bytes, cap: int) -> VolumeSpec:
    """Read a volume create body."""
    raise NotImplementedError
