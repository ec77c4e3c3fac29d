"""What a request of docker-py asks for, and whether a person sees the cell that sends it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from course.widgets.cells import Cell

Call = tuple[str, re.Pattern[str], str]
"""The HTTP method, the path without the API version, and a short name for the call."""
_VERSION = re.compile(r"^/v[\d.]+(?=/)")


def call_of(calls: Iterable[Call], method: str, path_url: str) -> tuple[str, re.Match[str], dict[str, str]] | None:
    """The first call that a request is: its word, the match of its path, and its query; None for another request.

    Args:
        calls: the calls to look for.
        method: the HTTP method.
        path_url: the path with the API version, and the query.
    """
    parts = urlsplit(path_url)
    path = unquote(_VERSION.sub("", parts.path))
    for verb, pattern, word in calls:
        if verb == method and (found := pattern.fullmatch(path)):
            return word, found, {key: values[0] for key, values in parse_qs(parts.query).items()}
    return None


def seen_cell() -> Cell | None:
    """The running cell if a person sees it: not in a thread, nor where no front end names it (nbclient, a grader)."""
    from course.widgets.cells import running_cell

    cell = running_cell() if threading.current_thread() is threading.main_thread() else None
    return cell if cell is not None and cell.id is not None else None
