"""What the tests of the policy share."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from own_names import BASE, OwnNames

from course.gateway.policy.container import ImageView, parse_create
from course.gateway.policy.names import EngineRequest
from course.gateway.policy.query import Query

# the machine may be busy with engines: no example is measured against a clock
settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")


@pytest.fixture
def names() -> OwnNames:
    """A session with a few objects, policy "class"."""
    return OwnNames()


Create = Callable[..., EngineRequest]


@pytest.fixture
def create(names: OwnNames) -> Create:
    """Parse a create body (a value or raw bytes) and build the engine's request."""

    def run(body: Any, image: dict[str, Any] | None = None, **query: str) -> EngineRequest:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        spec = parse_create(raw, Query(query))
        for volume in spec.volumes_needed:
            names.volumes.setdefault(f"sw-{names.sid}--{volume}", volume)
        return (spec if spec.name else spec.named("quiet_dock")).engine_request(names, ImageView(BASE, image or {}))

    return run
