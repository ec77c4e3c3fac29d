"""Likely typos in names: `wbe` for `web`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

CLOSE = 0.8  # of 1.0: one letter changed in a word of five


def near(wanted: str, names: Iterable[str]) -> str | None:
    """The name that is most like the wanted one, if any is so like it that a slip of the keyboard explains it.

    Names that differ only in their numbers, such as `web-1` and `web-2`, are taken as meant.
    """
    best, best_ratio = None, CLOSE
    for name in names:
        if name == wanted or _without_numbers(name) == _without_numbers(wanted):
            continue
        ratio = SequenceMatcher(None, _folded(wanted), _folded(name)).ratio()
        if sorted(_folded(wanted)) == sorted(_folded(name)):  # two letters changed places
            ratio = 1.0
        if ratio >= best_ratio:
            best, best_ratio = name, ratio
    return best


def _folded(name: str) -> str:
    return name.casefold().replace("_", "-")


def _without_numbers(name: str) -> str:
    return re.sub(r"\d+", "#", name)
