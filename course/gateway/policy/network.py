"""Networks: create, connect, disconnect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from course.gateway.policy.limits import Policy
from course.gateway.policy.names import EngineRequest, Names


@dataclass(frozen=True)
class NetworkSpec:
    """A parsed network create."""

    name: str
    internal: bool
    labels: Mapping[str, str]

    def engine_request(self, names: Names) -> EngineRequest:
        """The engine's create: driver bridge, no options but the gateway's own."""
        raise NotImplementedError


@dataclass(frozen=True)
class Connection:
    """A parsed connect or disconnect: the container as the learner names it, aliases (connect), force (disconnect)."""

    container: str
    aliases: tuple[str, ...] = ()
    force: bool = False

    def connect_request(self, names: Names, network: str) -> EngineRequest:
        """Connect an own container to an own network."""
        raise NotImplementedError

    def disconnect_request(self, names: Names, network: str) -> EngineRequest:
        """Disconnect an own container from an own network."""
        raise NotImplementedError


def create_body(engine_name: str, policy: Policy, labels: Mapping[str, str], internal: bool = False) -> dict[str, Any]:
    """The body of every network that the gateway makes, the session's default one included."""
    raise NotImplementedError


def parse_create(raw: bytes, cap: int) -> NetworkSpec:
    """Read a network create body."""
    raise NotImplementedError


def parse_connect(raw: bytes, cap: int) -> Connection:
    """Read a connect body: Container, and Aliases only."""
    raise NotImplementedError


def parse_disconnect(raw: bytes, cap: int) -> Connection:
    """Read a disconnect body."""
    raise NotImplementedError
