"""Every call of the closed table has a handler, and no handler is out of reach."""

from __future__ import annotations

from course.gateway.handlers import TABLE
from course.gateway.policy.routes import ROUTES


def test_the_handlers_and_the_routes_are_the_same_set() -> None:
    assert set(TABLE) == set(ROUTES)
