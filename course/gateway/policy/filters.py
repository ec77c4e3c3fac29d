"""Filters of lists and events, answered on what the learner sees, never by trusting the engine's view."""

from __future__ import annotations

from typing import Any

from course.gateway.policy.names import Names
from course.gateway.policy.query import Query

Filters = dict[str, list[str]]


def container_list(query: Query, names: Names) -> dict[str, str]:
    """The engine's query of a container list: all, size, and filters ANDed with the session's label.

    `limit`, `before`, `since` and `name` are applied by `keep_containers` on the translated rows.
    """
    raise NotImplementedError


def keep_containers(rows: list[dict[str, Any]], query: Query, names: Names) -> list[dict[str, Any]]:
    """The translated rows that the learner's filters leave, newest first as the engine sent them."""
    raise NotImplementedError


def keep_networks(rows: list[dict[str, Any]], query: Query, names: Names) -> list[dict[str, Any]]:
    """The translated networks that the filters leave."""
    raise NotImplementedError


def keep_volumes(rows: list[dict[str, Any]], query: Query, names: Names, used: set[str]) -> list[dict[str, Any]]:
    """The translated volumes that the filters leave; `used` are the learner's names of volumes in use (dangling)."""
    raise NotImplementedError


def keep_images(rows: list[dict[str, Any]], query: Query, names: Names) -> list[dict[str, Any]]:
    """The translated images that the filters leave (reference, dangling, label, before, since)."""
    raise NotImplementedError


def keep_event(event: dict[str, Any], query: Query, names: Names) -> bool:
    """Whether a translated event passes the learner's filters."""
    raise NotImplementedError
