"""A Dockerfile: parsed, checked, and written anew with one line for each instruction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

BaseConfig = Callable[[str], Awaitable[Mapping[str, Any]]]  # full image id -> the image's Config ({} when it has none)


@dataclass(frozen=True)
class Step:
    """One instruction as the learner wrote it, continuation lines joined."""

    text: str
    line: int
