"""Exec: a further command in an own container, without more rights than the container has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from course.gateway.policy.names import EngineRequest, Names
from course.gateway.policy.query import Query


@dataclass(frozen=True)
class ExecStart:
    """How an exec is started; `body()` is what the engine is sent."""

    detach: bool
    tty: bool

    def body(self) -> dict[str, Any]:
        """The engine's body."""
        return {"Detach": self.detach, "Tty": self.tty}


def create_request(raw: bytes, names: Names, container: str) -> EngineRequest:
    """Read an exec create body and build the engine's; Privileged is refused."""
    raise NotImplementedError


def parse_start(raw: bytes, cap: int) -> ExecStart:
    """Read an exec start body. The exec id is checked by the caller against the session's ledger of execs."""
    raise NotImplementedError


def resize_request(query: Query, exec_id: str) -> EngineRequest:
    """Build a resize for an exec id that the caller has checked."""
    raise NotImplementedError
