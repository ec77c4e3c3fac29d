"""GET /system/df: what the session's own objects take, as an engine tells it that has nothing else.

The engine's own answer is not asked for: it is about everybody, takes long, and only one may run at a time.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from pathlib import Path
from typing import Any

from aiohttp import web

from course.gateway.exchange import Exchange, own_containers
from course.gateway.policy import translate
from course.gateway.policy.names import EngineRequest
from course.gateway.quota import disk_usage

KINDS = ("image", "container", "volume", "build-cache")


async def usage(x: Exchange) -> web.StreamResponse:
    """The session's images, containers and volumes with their sizes; with `type` only those kinds."""
    kinds = x.query.texts("type") or KINDS
    answer: dict[str, Any] = {}
    containers = (await x.ask(own_containers(x.scope, size=True))).value
    if "image" in kinds:
        answer |= await _images(x, Counter(row.get("ImageID") for row in containers))
    if "container" in kinds:
        answer["Containers"] = translate.container_list(containers, x.scope)
    if "volume" in kinds:
        answer["Volumes"] = await _volumes(x, containers)
    if "build-cache" in kinds:
        answer |= {"BuildCache": [], "BuilderSize": 0}
    return x.json(answer)


async def _images(x: Exchange, users: Counter[str]) -> dict[str, Any]:
    """Base images are shared by all sessions: they are listed, but their size doesn't count."""
    rows = (await x.ask(EngineRequest("GET", ("images", "json"), {"all": "0", "digests": "1"}))).value
    shown = translate.image_list(rows, x.scope)
    for row in shown:
        row["SharedSize"] = max(0, int(row.get("Size") or 0) - x.scope.image_share(row["Id"]))
        row["Containers"] = users[row["Id"]]
    return {"Images": shown, "LayersSize": sum(map(x.scope.image_share, x.scope.images()))}


async def _volumes(x: Exchange, containers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    users = Counter(mount.get("Name") for row in containers for mount in row.get("Mounts") or ())
    rows = (await x.ask(EngineRequest("GET", ("volumes",)))).value.get("Volumes") or []
    shown = []
    for row in rows:
        if x.scope.volume_name(row["Name"]) is not None:
            size = await _size(Path(row.get("Mountpoint") or "/nonexistent"))
            shown.append(translate.volume(row, x.scope) | {"UsageData": {"Size": size, "RefCount": users[row["Name"]]}})
    return shown


async def _size(folder: Path) -> int:
    """Bytes in a volume; -1, the engine's "not known", where its folder can't be read from here."""
    return await asyncio.to_thread(disk_usage, folder) if os.access(folder, os.R_OK | os.X_OK) else -1


HANDLERS = {"system.df": usage}
