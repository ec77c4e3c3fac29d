"""What is done for each call of `policy.routes`; one function a route."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from course.gateway.exchange import Exchange
from course.gateway.handlers import containers, events, execs, networks, system, volumes

Handler = Callable[[Exchange], Awaitable[web.StreamResponse]]

TABLE: dict[str, Handler] = {
    **system.HANDLERS,
    **events.HANDLERS,
    **containers.HANDLERS,
    **execs.HANDLERS,
    **networks.HANDLERS,
    **volumes.HANDLERS,
}
