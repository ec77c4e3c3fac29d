"""One database engine for all gradebooks of a run: nbgrader opens a new one in every step of every submission."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nbgrader import api
from sqlalchemy import Engine, create_engine


@contextmanager
def one_engine() -> Iterator[None]:
    """Let gradebooks that are opened inside share what SQLAlchemy has compiled, by address.

    `nbgrader.api.Gradebook` (0.9.6) calls `create_engine` each time, nine times for one submission, and SQLAlchemy
    compiles every statement anew for each. Closing a gradebook empties the engine's pool, so no connection is shared.
    """
    engines: dict[str, Engine] = {}

    def shared(url: str, **named: Any) -> Engine:
        if url not in engines:
            engines[url] = create_engine(url, **named)
        return engines[url]

    before, api.create_engine = api.create_engine, shared
    try:
        yield
    finally:
        api.create_engine = before
