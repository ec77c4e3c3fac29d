"""The calls about the engine itself; answered by the gateway, which says nothing about the host."""

from __future__ import annotations

import platform
from typing import Any

from aiohttp import web

from course.gateway.exchange import Exchange, own_containers
from course.gateway.policy.names import EngineRequest

OLDEST_CLIENT = "1.24"  # what the docker CLI and docker-py may negotiate down to


async def ping(x: Exchange) -> web.StreamResponse:
    """GET, HEAD /_ping: what a client negotiates with."""
    body = b"" if x.request.method == "HEAD" else b"OK"
    headers = {**x.plane.headers, "Cache-Control": "no-cache, no-store, must-revalidate", "Pragma": "no-cache"}
    return web.Response(body=body, headers=headers, content_type="text/plain", charset="utf-8")


async def version(x: Exchange) -> web.StreamResponse:
    """GET /version: the engine's version, one API version, nothing of the host."""
    engine = await _engine_version(x)
    arch = str(engine.get("Arch", platform.machine()))
    said = str(engine.get("Version", ""))
    facts = {
        "Version": said,
        "ApiVersion": x.plane.headers["Api-Version"],
        "MinAPIVersion": OLDEST_CLIENT,
        "Os": "linux",
        "Arch": arch,
    }
    details = {"ApiVersion": facts["ApiVersion"], "MinAPIVersion": OLDEST_CLIENT, "Os": "linux", "Arch": arch}
    component = {"Name": "Engine", "Version": said, "Details": details}
    return x.json({"Platform": {"Name": "Slipway session"}, "Components": [component], **facts, **_UNSAID})


async def info(x: Exchange) -> web.StreamResponse:
    """GET /info: the session seen as an engine."""
    engine = await _engine_version(x)
    rows = (await x.ask(own_containers(x.scope))).value
    states = [row.get("State") for row in rows if x.scope.container_name(row["Id"]) is not None]
    processors, memory = await _size(x)
    return x.json(
        {
            "ID": x.scope.sid,
            "Name": x.scope.name,
            "Containers": len(states),
            "ContainersRunning": states.count("running"),
            "ContainersPaused": states.count("paused"),
            "ContainersStopped": len(states) - states.count("running") - states.count("paused"),
            "Images": len(x.scope.visible_images()),
            "ServerVersion": engine.get("Version", ""),
            "OperatingSystem": "Slipway session",
            "OSType": "linux",
            "Architecture": platform.machine(),
            "NCPU": processors,
            "MemTotal": memory,
            "MemoryLimit": True,
            "PidsLimit": True,
            "CpuCfsQuota": True,
            "CpuCfsPeriod": True,
            "Driver": "",
            "DriverStatus": [],
            "LoggingDriver": "json-file",
            "IndexServerAddress": "",
            "RegistryConfig": {"InsecureRegistryCIDRs": ["127.0.0.0/8"], "IndexConfigs": {}, "Mirrors": []},
            "Plugins": {"Volume": ["local"], "Network": ["bridge"], "Authorization": None, "Log": ["json-file"]},
            "Swarm": {"LocalNodeState": "inactive", "NodeID": "", "ControlAvailable": False, "Error": ""},
            "SecurityOptions": ["name=seccomp,profile=default"],
            "Labels": [],
            "Debug": False,
            "Warnings": None,
            "ExperimentalBuild": False,
            "LiveRestoreEnabled": False,
        }
    )


async def _size(x: Exchange) -> tuple[int, int]:
    """Processors and bytes of memory: what one container may have, or those of the machine."""
    limits = x.limits
    if limits.nano_cpus and limits.memory:
        return max(1, limits.nano_cpus // 1_000_000_000), limits.memory
    said = (await x.ask(EngineRequest("GET", ("info",)))).value
    return int(said.get("NCPU") or 1), int(said.get("MemTotal") or 0)


_UNSAID = {"GitCommit": "", "GoVersion": "", "KernelVersion": "", "BuildTime": ""}


async def _engine_version(x: Exchange) -> dict[str, Any]:
    known = x.plane.engine_version
    if not known:
        known.update((await x.ask(EngineRequest("GET", ("version",)))).value)
    return known


HANDLERS = {"system.ping": ping, "system.version": version, "system.info": info}
