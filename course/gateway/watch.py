"""Follows the engine's events, so that what ends by itself leaves the ledgers (containers with AutoRemove, and the
anonymous volumes that go with a container), and ports that open or close by themselves are seen."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

from course.gateway.exchange import json_documents, own_containers
from course.gateway.inner_ports import CHANGES, InnerPorts
from course.gateway.mounting import restarted
from course.gateway.policy.names import EngineRequest
from course.gateway.scope import Scope
from course.gateway.upstream import EngineUnavailable, Upstream

log = logging.getLogger("course.gateway")
PAUSE, LONGEST = 0.5, 4.0  # seconds between attempts while the engine is away: doubled from one to the other
EVENTS = ("destroy", *CHANGES)
FILTERS = {"type": dict.fromkeys(("container", "volume", "network"), True), "event": dict.fromkeys(EVENTS, True)}


async def watch(engine: Upstream, scopes: Mapping[str, Scope], inner_ports: InnerPorts) -> None:
    """Keep the ledgers in step with the engine until cancelled; comes back after a restart of the engine.

    What was removed while nobody watched is found by comparing once after each start.

    Args:
        engine: the engine.
        scopes: the open scopes by sid; read at each event.
        inner_ports: receives every event in `EVENTS`.
    """
    request = EngineRequest("GET", ("events",), {"filters": json.dumps(FILTERS)})
    pause = PAUSE
    looks: set[asyncio.Task[None]] = set()
    while True:
        try:
            async with engine.send(request) as events:
                pause = PAUSE
                for scope in tuple(scopes.values()):
                    await _compare(engine, scope)
                    await inner_ports.look_at_all(scope)
                async for event in json_documents(events):
                    inner_ports.heard(event)
                    if event.get("Action") == "start":
                        _look_at_mounts(engine, scopes, event, looks)
                    for scope in tuple(scopes.values()) if event.get("Action") == "destroy" else ():
                        _forget(scope, event)
        except EngineUnavailable as error:
            if pause == PAUSE:
                log.info("the engine's events ended: %s", error.observed)
        except Exception:
            log.exception("following the engine's events failed")
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST)


def _look_at_mounts(
    engine: Upstream, scopes: Mapping[str, Scope], event: Mapping[str, Any], looks: set[asyncio.Task[None]]
) -> None:
    """A restart policy starts a container without asking anybody: then what it mounts was not looked at."""
    engine_id = str(event.get("Actor", {}).get("ID", ""))
    for scope in tuple(scopes.values()):
        if scope.policy.binds and scope.container_name(engine_id) is not None:
            task = asyncio.create_task(restarted(engine, scope, engine_id))
            looks.add(task)
            task.add_done_callback(looks.discard)


async def _compare(engine: Upstream, scope: Scope) -> None:
    """Forget the containers of a session that the engine no longer has."""
    known = scope.containers()
    answer = await engine.ask(own_containers(scope))
    if answer.ok:
        there = {row["Id"] for row in answer.value}
        for engine_id in known.keys() - there:
            scope.remove_container(engine_id)


def _forget(scope: Scope, event: dict[str, Any]) -> None:
    engine_id = str(event.get("Actor", {}).get("ID", ""))
    if event.get("Type") == "container" and scope.container_name(engine_id) is not None:
        scope.remove_container(engine_id)
    # A named volume's name may be in use again by now; an anonymous one's name is never used twice.
    if event.get("Type") == "volume" and scope.volume_name(engine_id) == engine_id:
        scope.remove_volume(engine_id)
