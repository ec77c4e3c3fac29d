"""Whether a container that starts mounts what its session may mount, looked at before and after the start.

The engine resolves the path of a mount again at each start, also one of a restart policy's. So somebody could put a
link in the place of the folder after it was checked. What a start mounted is compared with what was found before it; a
container that has something else is ended.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from course.gateway import peer
from course.gateway.folders import Folder, Workspace, expected_mount, mounts_of
from course.gateway.policy.names import EngineRequest
from course.gateway.policy.refusal import Refusal
from course.gateway.scope import Scope
from course.gateway.upstream import Upstream
from course.paths import runtime_dir, state_dir

log = logging.getLogger("course.gateway")


def workspace_of(scope: Scope) -> Workspace:
    """The folder whose folders the session may mount."""
    return Workspace(scope.workspace, (state_dir().resolve(), runtime_dir().resolve()))


async def find(scope: Scope, wanted: dict[str, bool]) -> dict[str, str]:
    """The checked path of each folder that a container is to mount; see `Workspace.find`.

    Raises:
        Refusal: one of them may not be mounted.
    """
    place = workspace_of(scope)
    return {source: (await asyncio.to_thread(place.find, source, make=make)).path for source, make in wanted.items()}


async def before(engine: Upstream, scope: Scope, engine_id: str) -> tuple[Folder, ...]:
    """The folders that a container is about to mount.

    Raises:
        Refusal: one of them may no longer be mounted.
    """
    if not scope.policy.binds:
        return ()
    place = workspace_of(scope)
    sources = _sources(await _inspect(engine, engine_id))
    return tuple([await asyncio.to_thread(place.find, source) for source in sources])


async def after(engine: Upstream, scope: Scope, engine_id: str, folders: Sequence[Folder]) -> None:
    """End a container that does not have the folders that were found before its start.

    Raises:
        Refusal: 403, when it was ended.
    """
    if not folders:
        return
    facts = await _inspect(engine, engine_id)
    pid = int((facts.get("State") or {}).get("Pid") or 0)
    try:
        place = workspace_of(scope)
        seen = mounts_of(pid) if pid and await asyncio.to_thread(_numbers_are_ours, engine) else None
        for folder in folders:
            wanted = expected_mount(folder)
            replaced = await asyncio.to_thread(place.find, folder.path) != folder
            if replaced or (seen and wanted and wanted not in seen):
                raise Refusal(f"the bind mount of {folder.path}", "it was replaced while the container started")
    except Refusal as error:
        name = scope.container_name(engine_id)
        log.warning("session %s: the container %s was ended: %s", scope.sid, name, error.message)
        await _end(engine, engine_id)
        raise


async def restarted(engine: Upstream, scope: Scope, engine_id: str) -> None:
    """Look at a container that the engine has started, perhaps by itself."""
    try:
        folders = await before(engine, scope, engine_id)
    except Refusal as error:
        log.warning("session %s: %s", scope.sid, error.message)
        await _end(engine, engine_id)
        return
    with suppress(Refusal):  # `after` has stopped it and reported why
        await after(engine, scope, engine_id, folders)


async def _end(engine: Upstream, engine_id: str) -> None:
    no_restart = {"RestartPolicy": {"Name": "no"}}
    await engine.ask(EngineRequest("POST", ("containers", engine_id, "update"), body=no_restart))
    await engine.ask(EngineRequest("POST", ("containers", engine_id, "kill")))


def _numbers_are_ours(engine: Upstream) -> bool:
    """Whether a container's process has the same number here; in a virtual machine that's somebody else's."""
    return peer.engine_shares(peer.listener_pid(engine.socket), "pid")


async def _inspect(engine: Upstream, engine_id: str) -> dict[str, Any]:
    answer = await engine.ask(EngineRequest("GET", ("containers", engine_id, "json")))
    return dict(answer.value) if answer.ok else {}


def _sources(facts: dict[str, Any]) -> list[str]:
    return [str(one["Source"]) for one in facts.get("Mounts") or () if one.get("Type") == "bind"]
