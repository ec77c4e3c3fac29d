"""The base images: visible in every session, owned by none."""

from __future__ import annotations

from collections.abc import Mapping


class Bases:
    """The base images of the engine, shared by all scopes; the control plane fills it. Names are canonical."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"<Bases {', '.join(sorted(self._ids))}>"

    def replace(self, ids: Mapping[str, str]) -> None:
        """Set the references ("course/busybox:latest") and the image ids that they have now."""
        self._ids = dict(ids)

    @property
    def tags(self) -> Mapping[str, str]:
        """Image id by reference."""
        return self._ids

    @property
    def ids(self) -> frozenset[str]:
        """The ids of all base images."""
        return frozenset(self._ids.values())
