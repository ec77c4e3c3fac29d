"""Sessions for the data plane's tests: a real gateway in a thread, on the engine that the run uses."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast
from urllib.parse import unquote, urlsplit

import pytest
from aiohttp import web

from course.gateway.exchange import Exchange
from course.gateway.handlers.containers import hijacked
from course.gateway.pause import Pause
from course.gateway.policy import routes
from course.gateway.policy.limits import CLASS
from course.gateway.policy.names import EngineRequest
from course.gateway.scope import Scope
from course.gateway.server import DataPlane, SessionServer
from course.gateway.upstream import Upload

T = TypeVar("T")


@pytest.fixture(scope="session")
def engine_socket(engine_url: str) -> Path:
    """The path of the engine's Unix socket."""
    return Path(urlsplit(engine_url).path)


class Loop:
    """An event loop in a thread of its own, so that blocking clients can be used in tests."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], timeout: float = 60.0) -> T:
        """Run work in the loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    def close(self) -> None:
        """Stop the loop; what is left in it is cancelled."""

        async def cancel() -> None:
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self.run(cancel())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture(scope="session")
def loop() -> Iterator[Loop]:
    """The event loop of the gateways under test."""
    one = Loop()
    yield one
    one.close()


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """A folder with a path short enough for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="sw", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


async def forward(x: Exchange) -> web.StreamResponse:
    """A policy that allows everything and changes nothing, to test what carries the calls by itself."""
    path = urlsplit(x.request.raw_path).path
    parts = tuple(unquote(part) for part in path.split("/")[2 if x.call.version else 1 :])
    query = {name: tuple(values) for name, values in x.call.query.items()}
    if x.call.route in ("container.attach", "exec.start"):
        return await hijacked(x, EngineRequest("POST", parts, query, json.loads(await x.body() or b"null")))
    upload = Upload(x.pieces()) if x.call.body == "tar" else None
    body = json.loads(await x.body() or b"null") if x.call.body == "json" else None
    async with x.plane.engine.send(EngineRequest(x.call.method, parts, query, body), upload) as response:
        return await x.stream(response)


@pytest.fixture(scope="session")
def open_door(engine_socket: Path, loop: Loop, short_folder: Path) -> Iterator[str]:
    """The address of a server that forwards every known call as it is."""

    async def start() -> tuple[DataPlane, SessionServer]:
        plane = DataPlane(engine_socket, {})
        await plane.start()
        scope = cast(Scope, SimpleNamespace(sid="a00000000000", policy=CLASS, pause=Pause()))
        table = dict.fromkeys(routes.ROUTES, forward)
        server = SessionServer(scope, short_folder / "open.sock", plane.shared, lambda entry: None, table=table)
        await server.start()
        return plane, server

    async def stop() -> None:
        await server.close()
        await plane.close()

    plane, server = loop.run(start())
    yield server.url
    loop.run(stop())
