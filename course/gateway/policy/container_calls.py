"""Requests for the calls on one container that take no body: start, stop, logs, wait, top, archive and the rest."""

from __future__ import annotations

from course.gateway.policy.names import EngineRequest, Names
from course.gateway.policy.query import Query
from course.gateway.policy.routes import Call


def engine_request(call: Call, query: Query, names: Names) -> EngineRequest:
    """Build the engine's request; the container is resolved to an own full id.

    Routes: container.inspect, .start, .stop, .restart, .kill, .pause, .unpause, .resize, .wait, .rename, .logs, .stats,
    .changes, .export, .top, .attach, .remove (v=1 is forced), .archive.get, .archive.stat, .archive.put.

    Raises:
        Refusal: 404 when the session does not have the container, 400 or 403 for a parameter.
    """
    raise NotImplementedError
