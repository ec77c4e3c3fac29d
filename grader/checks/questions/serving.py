"""Questions about HTTP, asked of the published port and polled to a deadline."""

from __future__ import annotations

from dataclasses import dataclass

from grader.checks.text import Wanted


@dataclass(frozen=True)
class Page:
    """What an address should answer.

    Args:
        path: from the server's root, with its slash.
        status: the HTTP status.
        body: text in the body; None for any.
        header: a header's name and text in its value; None for any.
    """

    path: str = "/"
    status: int = 200
    body: Wanted | None = None
    header: tuple[str, Wanted] | None = None
