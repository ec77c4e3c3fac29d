"""Whatever a handler fails with, the client hears it as an error of the engine, in three parts; never from aiohttp."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import web
from raw_http import call

from course.gateway.errors import GatewayError
from course.gateway.exchange import Exchange
from course.gateway.pause import Pause
from course.gateway.policy.limits import CLASS
from course.gateway.policy.routes import ROUTES
from course.gateway.scope import Scope
from course.gateway.server import DataPlane, SessionServer
from course.gateway.upstream import EngineUnavailable
from course.gateway.wire import WireError

Fail = Callable[[Exception], None]
FAILURES = [
    RuntimeError("never seen"),
    AssertionError("never seen"),
    KeyError("Id"),
    TypeError("'NoneType' object is not subscriptable"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    RecursionError("never seen"),
    MemoryError(),
    TimeoutError(),
    WireError("it broke off"),
    OSError(errno.ENOSPC, "No space left on device"),
    OSError(errno.EMFILE, "Too many open files"),
    sqlite3.OperationalError("database is locked"),
    EngineUnavailable("it broke off"),
    GatewayError("a", "b", "c"),
]
CALLS = {
    "system.ping": ("GET", "/_ping"),
    "container.list": ("GET", "/v1.41/containers/json"),
    "container.create": ("POST", "/v1.41/containers/create"),
    "image.delete": ("DELETE", "/v1.41/images/shop"),
}


@pytest.fixture
def door(engine_socket: Path, loop: Any, short_folder: Path) -> Iterator[tuple[str, Fail]]:
    """A session's address, and how to choose what every call of it fails with."""
    chosen: list[Exception] = []

    async def fails(x: Exchange) -> web.StreamResponse:
        raise chosen[-1]

    async def start() -> SessionServer:
        scope = cast(Scope, SimpleNamespace(sid="a00000000000", policy=CLASS, pause=Pause()))
        plane = DataPlane(engine_socket, {}).shared
        path = short_folder / "failing.sock"
        server = SessionServer(scope, path, plane, lambda entry: None, table=dict.fromkeys(ROUTES, fails))
        await server.start()
        return server

    server = loop.run(start())
    yield server.url, chosen.append
    loop.run(server.close())


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_a_failure_of_a_handler_is_told_in_three_parts(door: tuple[str, Fail], error: Exception) -> None:
    url, fail = door
    fail(error)
    for method, path in CALLS.values():
        answer = call(url, method, path, **({"json": {}} if method == "POST" else {}))
        assert answer.status in (500, 503), answer.text
        said = answer.json["message"]
        assert "Try: " in said and ("observed: " in said or "cannot be used: " in said)
        assert "never seen" not in said and "trouble" not in said and "Traceback" not in said
