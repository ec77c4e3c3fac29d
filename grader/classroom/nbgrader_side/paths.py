# Patterns are strings in nbgrader, and stay strings:
# ruff: noqa: PTH118, PTH120, PTH206, PTH207
"""nbgrader's paths: it takes every one for a pattern, so `Docker [WS 26]` matches nothing and `*` everything."""

from __future__ import annotations

import glob
import os
from types import SimpleNamespace
from typing import Any


def literal_glob(pattern: str) -> list[str]:
    """`glob.glob`, but what is there under exactly that name is taken as a name, as long as it has no `*`."""
    parts = pattern.split(os.sep)
    known = 0
    while known < len(parts) and "*" not in parts[known] and os.path.lexists(os.sep.join(parts[: known + 1]) or os.sep):
        known += 1
    fixed = glob.escape(os.sep.join(parts[:known]))
    return glob.glob(os.sep.join([fixed, *parts[known:]]) if known else pattern)


def is_ignored(filename: str, ignore_globs: list[str] | None = None) -> bool:
    """nbgrader's function of that name (0.9.6, `nbgrader.utils`), for files in a folder of any name."""
    folder = glob.escape(os.path.dirname(filename))
    return any(filename in glob.glob(os.path.join(folder, expression)) for expression in ignore_globs or ())


def install() -> None:
    """Let nbgrader's modules use these."""
    import nbgrader.apps.api
    import nbgrader.converters.base
    import nbgrader.exchange.default.exchange
    import nbgrader.exchange.default.list
    import nbgrader.utils

    found: Any = SimpleNamespace(glob=literal_glob, escape=glob.escape)
    modules: tuple[Any, ...] = (
        nbgrader.apps.api,
        nbgrader.converters.base,
        nbgrader.exchange.default.exchange,
        nbgrader.exchange.default.list,
    )
    for module in modules:
        module.glob = found
    nbgrader.utils.is_ignored = is_ignored
