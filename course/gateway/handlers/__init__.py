"""What is done for each call of `policy.routes`; one function a route."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from course.gateway.exchange import Exchange
from course.gateway.handlers import (
    builds,
    containers,
    disk_usage,
    events,
    execs,
    hub,
    images,
    networks,
    registry,
    system,
    transfers,
    volumes,
)

Handler = Callable[[Exchange], Awaitable[web.StreamResponse]]

TABLE: dict[str, Handler] = {
    **system.HANDLERS,
    **events.HANDLERS,
    **disk_usage.HANDLERS,
    **containers.HANDLERS,
    **execs.HANDLERS,
    **networks.HANDLERS,
    **volumes.HANDLERS,
    **images.HANDLERS,
    **builds.HANDLERS,
    **transfers.HANDLERS,
    **registry.HANDLERS,
    **hub.HANDLERS,
}
