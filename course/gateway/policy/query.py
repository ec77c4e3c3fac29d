"""Typed, closed reading of the query of each call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from course.gateway.policy.routes import Call


@dataclass(frozen=True)
class Query:
    """The parameters that were sent, typed by the table; those that were not sent are absent."""

    values: Mapping[str, Any]

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean, read the Go way."""
        value = self.values.get(name)
        return default if value is None else bool(value)

    def number(self, name: str, default: int | None = None) -> int | None:
        """A whole number within the caps of the table."""
        value = self.values.get(name)
        return default if value is None else int(value)

    def text(self, name: str, default: str = "") -> str:
        """A string."""
        value = self.values.get(name)
        return default if value is None else str(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """A parameter that may be repeated."""
        return tuple(self.values.get(name, ()))

    def table(self, name: str) -> dict[str, Any]:
        """A parameter that is a JSON object (buildargs, labels)."""
        return dict(self.values.get(name, {}))

    def filters(self) -> dict[str, tuple[str, ...]]:
        """The filters, each key one of those the call knows; {} when none was sent."""
        return dict(self.values.get("filters", {}))


def parse(call: Call) -> Query:
    """Type the query of a call.

    Raises:
        Refusal: 400 for a value of the wrong form or a parameter sent twice, 403 for one that may not be used.
    """
    raise NotImplementedError
