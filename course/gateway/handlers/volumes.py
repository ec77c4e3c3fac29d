"""The calls on volumes."""

from __future__ import annotations

import re
import time
from typing import Any

from aiohttp import web

from course.gateway.exchange import Exchange, created_at, own_containers
from course.gateway.handlers.containers import make_volume
from course.gateway.policy import filters, prune, translate, volume
from course.gateway.policy.names import EngineRequest
from course.gateway.policy.refusal import Refusal

_INVENTED = re.compile("[0-9a-f]{64}")  # the name of a volume that was given none


async def create(x: Exchange) -> web.StreamResponse:
    """POST /volumes/create; one that the session has already is handed out again, as the engine does."""
    spec = volume.parse_create(await x.body(), x.limits.json_body)
    x.asked["name"] = spec.name
    try:
        known = x.scope.volume(spec.name)
    except Refusal:
        with x.scope.charge("volumes"):
            answer = await x.complete(make_volume(x, spec))
    else:
        answer = (await x.ask(EngineRequest("GET", ("volumes", known)))).value
    return x.json(translate.volume(answer, x.scope), 201)


async def listing(x: Exchange) -> web.StreamResponse:
    """GET /volumes."""
    answer = translate.volume_list((await x.ask(EngineRequest("GET", ("volumes",)))).value, x.scope)
    used = await _used(x) if "dangling" in x.query.filters() else set()
    words = {x.scope.volume_name(name) or "" for name in used}
    return x.json({**answer, "Volumes": filters.keep_volumes(answer["Volumes"] or [], x.query, x.scope, words)})


async def inspect(x: Exchange) -> web.StreamResponse:
    """GET /volumes/{name}."""
    answer = await x.ask(EngineRequest("GET", ("volumes", x.scope.volume(x.ref))))
    return x.json(translate.volume(answer.value, x.scope))


async def remove(x: Exchange) -> web.StreamResponse:
    """DELETE /volumes/{name}; with force one that is not there is no error, as on the engine."""
    force = {"force": "1"} if x.query.flag("force") else {}
    try:
        engine_name = x.scope.volume(x.ref)
    except Refusal:
        if force:
            return x.empty()
        raise

    async def work() -> None:
        await x.ask(EngineRequest("DELETE", ("volumes", engine_name), force))
        x.scope.remove_volume(engine_name)

    await x.complete(work())
    return x.empty()


async def prune_unused(x: Exchange) -> web.StreamResponse:
    """POST /volumes/prune: own volumes that no container uses, one by one.

    From API 1.42 on only those without a chosen name go, unless the filter `all` is there
    (moby, docs/api/version-history.md).
    """
    spec = prune.parse(x.query, time.time())
    every = _before_1_42(x) or any(word in ("1", "true") for word in x.query.filters().get("all", ()))
    rows = (await x.ask(EngineRequest("GET", ("volumes",)))).value.get("Volumes") or []
    gone = []
    for row in rows:
        name = x.scope.volume_name(row["Name"])
        if name is None or not (every or _INVENTED.fullmatch(name)):
            continue
        if not spec.takes(row.get("Labels") or {}, created_at(row)):
            continue
        # The engine refuses to remove a volume in use; a prune passes over those.
        if (await x.plane.engine.ask(EngineRequest("DELETE", ("volumes", row["Name"])))).ok:
            x.scope.remove_volume(row["Name"])
            gone.append(name)
    x.outcome["removed"] = gone
    return x.json({"VolumesDeleted": gone, "SpaceReclaimed": 0})


def _before_1_42(x: Exchange) -> bool:
    major, _, minor = (x.call.version or x.plane.headers["Api-Version"]).partition(".")
    return (int(major), int(minor)) < (1, 42)


async def _used(x: Exchange) -> set[str]:
    rows: list[dict[str, Any]] = (await x.ask(own_containers(x.scope))).value
    return {mount.get("Name", "") for row in rows for mount in row.get("Mounts") or ()}


HANDLERS = {
    "volume.list": listing,
    "volume.create": create,
    "volume.prune": prune_unused,
    "volume.inspect": inspect,
    "volume.remove": remove,
}
