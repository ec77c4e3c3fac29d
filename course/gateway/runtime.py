"""What starts the engine's containers, and the two precautions that crun needs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course.gateway import peer

POLL_SECONDS = 0.002
LONGEST = 2.0
"""Seconds that an exec is kept waiting for its container's program; then the engine is asked whatever it says."""


@dataclass(frozen=True)
class Runtime:
    """The default runtime of an engine.

    Args:
        crun: whether it is crun.
        remapped: whether root in a container is another user outside.
        visible: whether the containers' processes have the same numbers here.
    """

    crun: bool = False
    remapped: bool = False
    visible: bool = False

    @classmethod
    def of(cls, info: Mapping[str, Any], engine_pid: int) -> Runtime:
        """What an engine says in `GET /info`, and the process that serves it."""
        return cls(
            crun=info.get("DefaultRuntime") == "crun",
            remapped="name=userns" in (info.get("SecurityOptions") or ()),
            visible=peer.engine_shares(engine_pid, "pid"),
        )

    @property
    def for_init(self) -> str:
        """What is to start a container with an init process, "" for the default.

        crun 1.8.1 fails with `openat2 sbin` where it is to put docker-init into a container.
        """
        return "runc" if self.crun else ""

    @property
    def may_be_early(self) -> bool:
        """Whether an exec can come too early for a container that runs already."""
        return self.crun and self.remapped and self.visible

    async def begun(self, pid: int) -> None:
        """Wait until a container's first process has become the container's own program.

        The engine calls a container running as soon as crun has given leave. Until its process calls execve(2) it still
        has the memory of crun, which belongs to the machine's user namespace. `crun exec` enters the container's user
        namespace first and may then not enter the others of such a process: "setns(…): Operation not permitted", and
        the learner's command has not run. Linux shows the owner of that memory as the owner of files in /proc
        (proc(5), PR_SET_DUMPABLE): root of the machine before, a user of the container afterwards. A program that its
        own user may not read has root for its owner too, and crun never lets an exec in: then `LONGEST` is waited.
        """
        deadline = time.monotonic() + LONGEST
        while _belongs_to_root(pid) and time.monotonic() < deadline:
            await asyncio.sleep(POLL_SECONDS)


def _belongs_to_root(pid: int) -> bool:
    try:
        return bool(pid) and Path(f"/proc/{pid}/environ").stat().st_uid == 0
    except OSError:  # it has ended
        return False
