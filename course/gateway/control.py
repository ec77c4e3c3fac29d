"""The control API: what clients of this user ask of the gateway, over a Unix socket that only this user may open."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from course.gateway import peer
from course.gateway.code import on_disk
from course.gateway.errors import KINDS, GatewayError, translated
from course.gateway.home import check_length
from course.gateway.sessions import Live, Sessions
from course.gateway.upstream import EngineUnavailable

log = logging.getLogger("course.gateway")
ASKED, AGAIN = "a request of this version's client", "`course gateway stop`, then repeat"
LOOK = 0.5  # seconds between checks that a lease is still held
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Control:
    """The control API of one gateway.

    Args:
        sessions: what it controls.
        stop: is called when a client asks the gateway to end.
    """

    def __init__(self, sessions: Sessions, stop: Callable[[], None]) -> None:
        self._sessions, self._stop = sessions, stop
        self._code = on_disk()  # what this process runs, as it starts with it
        self._runner: web.AppRunner | None = None
        self._closing = False

    async def start(self, path: Path) -> None:
        """Listen on a Unix socket, mode 0600; a file that is there is replaced."""
        app = web.Application(middlewares=[_errors_as_json, _only_this_user], client_max_size=64 * 1024)
        app.add_routes(
            [
                web.get("/status", self._status),
                web.get("/sessions", self._list),
                web.get("/sessions/{ref}", self._show),
                web.post("/sessions", self._open),
                web.delete("/sessions/{ref}", self._end),
                web.post("/sessions/{ref}/machines", self._machine),
                web.post("/sessions/{ref}/namespaces", self._namespace),
                web.post("/sessions/{ref}/pause", self._pause),
                web.post("/lease", self._lease),
                web.post("/sweep", self._sweep),
                web.post("/stop", self._end_gateway),
            ]
        )
        # A lease lasts as long as its connection: its handler must end with it.
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        check_length(path).unlink(missing_ok=True)
        await web.UnixSite(self._runner, str(path)).start()
        path.chmod(0o600)

    async def close(self) -> None:
        """Stop listening and close every connection; leases are kept."""
        self._closing = True
        if self._runner:
            await self._runner.cleanup()

    async def _status(self, request: web.Request) -> web.Response:
        return web.json_response({**self._sessions.status(), "pid": os.getpid(), "code": self._code.facts()})

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response(self._sessions.facts())

    async def _show(self, request: web.Request) -> web.Response:
        return web.json_response(self._sessions.facts_of(self._sessions.find(request.match_info["ref"])))

    async def _open(self, request: web.Request) -> web.Response:
        asked = await _asked(request)
        folder = str(asked.get("workspace") or "")
        live = await self._sessions.open(str(asked["name"]), str(asked["policy"]), workspace=folder)
        self._sessions.hold_open(live)
        self._sessions.keep_for(live, float(asked.get("keep") or 0))
        return web.json_response(self._sessions.facts_of(live), status=201)

    async def _end(self, request: web.Request) -> web.Response:
        live = self._sessions.find(request.match_info["ref"])
        # A client that goes away must not stop a removal half-way.
        removed = await asyncio.shield(self._sessions.end(live.scope.sid, "it was ended"))
        return web.json_response([{"kind": thing.kind, "key": thing.key, "name": thing.name} for thing in removed])

    async def _machine(self, request: web.Request) -> web.Response:
        asked = await _asked(request)
        of = self._sessions.find(request.match_info["ref"])
        name, family = self._sessions.machine(of, str(asked["name"]))
        live = await self._sessions.open(
            name, of.scope.row.policy, family=family, find=True, workspace=of.scope.workspace
        )
        return web.json_response(self._sessions.facts_of(live), status=201)

    async def _namespace(self, request: web.Request) -> web.Response:
        asked = await _asked(request)
        live = self._sessions.find(request.match_info["ref"])
        ports = await asyncio.shield(self._sessions.open_ports_in(live, Path(str(asked["path"]))))
        return web.json_response({"ports": ports})

    async def _pause(self, request: web.Request) -> web.Response:
        asked = await _asked(request)
        live = self._sessions.find(request.match_info["ref"])
        await asyncio.shield(self._sessions.pause(live, bool(asked["paused"])))
        return web.json_response({})

    async def _lease(self, request: web.Request) -> web.StreamResponse:
        """Hold a lease until the connection or its process ends; answers with a line at once and one at the end."""
        asked = await _asked(request)
        live = await self._leased(asked)
        token = str(asked["token"])
        # A holder in another process namespace has no number here (0); its own word for it would name somebody else.
        pid = peer.credentials(_socket(request))[0] if peer.TELLS else int(asked.get("pid") or 0)
        self._sessions.hold(live, token, peer.identify(pid))
        self._sessions.keep_for(live, float(asked.get("keep") or 0))
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        try:
            await response.prepare(request)
            await response.write(_line(self._sessions.facts_of(live)))
            while self._sessions.holds(live, token) and not live.reason:
                await asyncio.sleep(LOOK)
            await response.write(_line({"ended": live.reason or "its process is gone"}))
        finally:
            if not self._closing:  # a gateway that is stopped leaves its leases to the next one
                self._sessions.release(live, token)
        return response

    async def _leased(self, asked: dict[str, Any]) -> Live:
        if "session" in asked:
            return self._sessions.find(str(asked["session"]))
        opening = self._sessions.open(
            str(asked["name"]),
            str(asked["policy"]),
            find=bool(asked.get("find")),
            workspace=str(asked.get("workspace") or ""),
        )
        return await asyncio.shield(opening)

    async def _sweep(self, request: web.Request) -> web.Response:
        asked = await _asked(request)
        return web.json_response(await self._sessions.sweep(dry_run=bool(asked.get("dry_run"))))

    async def _end_gateway(self, request: web.Request) -> web.Response:
        asked = await _asked(request)
        if asked.get("end_sessions"):
            await asyncio.shield(self._sessions.end_all("the gateway was stopped"))
        asyncio.get_running_loop().call_later(0.05, self._stop)  # after this answer
        return web.json_response({})


@web.middleware
async def _only_this_user(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The socket's mode keeps others out; this holds where a file system ignores modes."""
    uid = peer.credentials(_socket(request))[1]
    if uid not in (os.getuid(), 0):
        raise web.HTTPForbidden(text="this gateway belongs to another user")
    return await handler(request)


@web.middleware
async def _errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _failed(GatewayError(ASKED, error.text or error.reason, AGAIN), error.status)
    except EngineUnavailable as error:
        return _failed(error, 503)
    except GatewayError as error:
        return _failed(error, 409)
    except (KeyError, ValueError, TypeError) as error:
        log.warning("not understood: %s %s", request.method, request.path, exc_info=error)
        return _failed(GatewayError(ASKED, repr(error), AGAIN), 400)
    except ConnectionError:
        raise  # the client has gone
    except Exception as error:
        return _failed(translated(error), 500)


async def _asked(request: web.Request) -> dict[str, Any]:
    asked = await request.json()
    if not isinstance(asked, dict):
        raise TypeError(f"an object was expected, not {asked!r}")
    return asked


def _failed(error: GatewayError, status: int) -> web.Response:
    kind = type(error).__name__ if type(error).__name__ in KINDS else "GatewayError"
    return web.json_response({"kind": kind, "parts": list(error.args)}, status=status)


def _socket(request: web.Request) -> socket.socket:
    assert request.transport is not None  # only after the connection has ended
    found: socket.socket = request.transport.get_extra_info("socket")
    return found


def _line(value: object) -> bytes:
    return json.dumps(value).encode() + b"\n"
