"""Prune: the filters of the three prunes; the gateway removes own objects itself, one by one."""

from __future__ import annotations

from dataclasses import dataclass

from course.gateway.policy.query import Query


@dataclass(frozen=True)
class PruneSpec:
    """Which own objects a prune means.

    Args:
        until: Unix time in seconds, or None; only what is older goes.
        labels: (key, value or None) that must be there.
        without: (key, value or None) that must not be there.
    """

    until: float | None
    labels: tuple[tuple[str, str | None], ...]
    without: tuple[tuple[str, str | None], ...]

    def takes(self, labels: dict[str, str], created: float) -> bool:
        """Whether an unused own object with these labels, created at that Unix time, goes."""
        raise NotImplementedError


def parse(query: Query, now: float) -> PruneSpec:
    """Read the filters of containers, images, networks or volumes prune; images only dangling ones."""
    raise NotImplementedError
