"""What a text should be: a part of it as a string, or a pattern for the whole search."""

from __future__ import annotations

import re

Wanted = str | re.Pattern[str]
"""A string that must occur, or a compiled pattern that must match somewhere."""


def found(wanted: Wanted, text: str) -> bool:
    """Whether the wanted text occurs."""
    return wanted in text if isinstance(wanted, str) else wanted.search(text) is not None


def named(wanted: Wanted) -> str:
    """The wanted text as a message may show it."""
    return wanted if isinstance(wanted, str) else f"a match of {wanted.pattern}"
