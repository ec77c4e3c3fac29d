"""Beginning and ending the time of a check in all sessions of a learner, and ending the commands that it gave up on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from course.gateway.policy.names import EngineRequest
from course.gateway.scope import Scope
from course.gateway.upstream import Upstream


async def begin(scopes: Iterable[Scope]) -> None:
    """From now on the learner's doors answer nothing, and nothing that they were asked for is under way."""
    await asyncio.gather(*(scope.pause.begin() for scope in scopes))


async def end(scopes: Iterable[Scope], engine: Upstream) -> None:
    """End what checks left running in the learner's containers, then let the learner's doors answer again."""
    for scope in scopes:
        for exec_id, container_id in tuple(scope.unfinished.items()):
            await _end_exec(engine, exec_id, container_id)
            scope.exec_ended(exec_id)
        scope.pause.end()


async def _end_exec(engine: Upstream, exec_id: str, container_id: str) -> None:
    """Kill the process of an exec, where the engine runs on this machine: it has no call for that."""
    if sys.platform != "linux":  # no engine runs beside a gateway there, only in a virtual machine
        return
    answer = await engine.ask(EngineRequest("GET", ("exec", exec_id, "json")))
    pid = int(answer.value.get("Pid") or 0) if answer.ok and answer.value.get("Running") else 0
    if not pid:
        return
    with contextlib.suppress(OSError):
        handle = os.pidfd_open(pid)
        try:  # the number may be somebody else's by now
            if container_id in Path(f"/proc/{pid}/cgroup").read_text():
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)
