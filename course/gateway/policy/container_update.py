"""Container update: limits may be lowered, never raised past the session's."""

from __future__ import annotations

from course.gateway.policy.names import EngineRequest, Names


def engine_request(raw: bytes, names: Names, container: str) -> EngineRequest:
    """Read an update body and build the engine's.

    Args:
        raw: the body.
        names: the session.
        container: the container as the learner names it.
    """
    raise NotImplementedError
