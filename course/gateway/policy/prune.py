"""Prune: the filters of the prunes; the gateway removes own objects itself, one by one, and never asks for a prune."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from course.gateway.policy import words
from course.gateway.policy.query import Query
from course.gateway.policy.refusal import Refusal

Label = tuple[str, str | None]
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_STEP = re.compile(r"([0-9]+(?:\.[0-9]*)?)(h|ms|us|µs|ns|m|s)")  # Go's time.ParseDuration


@dataclass(frozen=True)
class PruneSpec:
    """Which own objects a prune means.

    Args:
        until: Unix time in seconds, or None; only what is older goes.
        labels: (key, value or None) that must be there.
        without: (key, value or None) that must not be there.
        dangling: of images, whether only those without a name go.
    """

    until: float | None
    labels: tuple[Label, ...]
    without: tuple[Label, ...]
    dangling: bool = True

    def takes(self, labels: dict[str, str], created: float) -> bool:
        """Whether an unused own object with these labels, created at that Unix time, goes."""
        if self.until is not None and created >= self.until:
            return False
        own = words.labels(labels) or {}
        return all(has_label(own, want) for want in self.labels) and not any(
            has_label(own, unwanted) for unwanted in self.without
        )


def has_label(labels: dict[str, str], wanted: Label) -> bool:
    """Whether the label is there, with the value when one is asked for."""
    key, value = wanted
    return key in labels and (value is None or labels[key] == value)


def split_label(text: str) -> Label:
    """("key", "value") of "key=value", ("key", None) of "key"."""
    key, sign, value = text.partition("=")
    return key, value if sign else None


def parse(query: Query, now: float) -> PruneSpec:
    """Read the filters of containers, images, networks or volumes prune.

    Args:
        query: the typed query.
        now: Unix time, for durations.

    Raises:
        Refusal: 400 for a filter of the wrong form.
    """
    filters = query.filters()
    dangling = {truth("dangling", word) for word in filters.get("dangling", ())} or {True}
    if len(dangling) > 1:
        raise Refusal("the filter dangling", "it is there as true and as false", status=400)
    until = filters.get("until", ())
    if len(until) > 1:
        raise Refusal("the filter until", "it is there twice", status=400)
    return PruneSpec(
        until=moment(until[0], now) if until else None,
        labels=tuple(split_label(word) for word in filters.get("label", ())),
        without=tuple(split_label(word) for word in filters.get("label!", ())),
        dangling=dangling.pop(),
    )


def truth(name: str, word: str) -> bool:
    """A filter that is true or false.

    Raises:
        Refusal: 400.
    """
    if word.lower() not in ("true", "1", "false", "0"):
        raise Refusal(f"the filter {name}={word}", "expected true or false", status=400)
    return word.lower() in ("true", "1")


def moment(word: str, now: float) -> float:
    """Unix time of "1700000000", "10m" (ago) or an ISO date.

    Raises:
        Refusal: 400.
    """
    if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,9})?", word):
        return float(word)
    steps = _STEP.findall(word)
    if steps and "".join(number + unit for number, unit in steps) == word:
        return now - sum(float(number) * _UNITS[unit] for number, unit in steps)
    try:
        return datetime.fromisoformat(word).timestamp()
    except ValueError as error:
        raise Refusal(
            f"the time {word!r}", "expected seconds, a duration such as 10m, or a date", status=400
        ) from error
