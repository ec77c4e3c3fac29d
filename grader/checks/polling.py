"""Waiting: every wait of the checks is a poll with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")

STEP = 0.05  # seconds between two looks; an inspect takes the engine about a millisecond


def looks(within: float, step: float = STEP) -> Iterator[float]:
    """Yield the seconds that are left, at least once, with a pause between two looks, until they are used up.

    Args:
        within: seconds.
        step: seconds between two looks.
    """
    deadline = time.monotonic() + within
    while True:
        left = deadline - time.monotonic()
        yield max(left, 0.0)
        if left <= 0:
            return
        time.sleep(min(step, left))


def until(look: Callable[[], T | None], within: float) -> T | None:
    """The first answer of `look` that is not None, or None when the time is up."""
    for _left in looks(within):
        answer = look()
        if answer is not None:
            return answer
    return None
