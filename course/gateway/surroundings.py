"""What a gateway finds around it: its engine, the base images, and what this machine lets it do."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from course.gateway import firewall, peer
from course.gateway.adopt import base_images
from course.gateway.bases import Bases
from course.gateway.cgroups import Cgroups, NoCgroups, choose
from course.gateway.errors import GatewayError
from course.gateway.policy.limits import Limits
from course.gateway.policy.names import BASE_NAMES, EngineRequest
from course.gateway.upstream import EngineUnavailable, Upstream

ELSEWHERE = "the engine runs on another machine or in a container"
LOOK = 15.0  # seconds that a look at the firewall is good for; the gateway looks every ten by itself


class Surroundings:
    """The engine and the machine of one gateway.

    Args:
        engine: the engine.
        socket: path of its Unix socket.
        owner: the owner label's value.
        key: tells this engine from the others of the same owner, whose sessions have cgroups on this machine too.
    """

    def __init__(self, engine: Upstream, socket: Path, owner: str, key: str) -> None:
        self._engine, self._socket, self._owner, self._key = engine, socket, owner, key
        self.bases = Bases()
        self.cgroups: Cgroups = NoCgroups("the engine was not asked yet")
        self.firewall = ELSEWHERE  # "" when the rules are in force, else why they are not
        self.away = ""  # why the engine does not answer, "" while it does
        self._local = False
        self._looked = -LOOK  # when the firewall was looked at (time.monotonic)

    async def meet(self, info: Mapping[str, Any]) -> None:
        """Learn what engine and machine offer.

        Args:
            info: what the engine says of itself (`GET /info`).

        Raises:
            EngineUnavailable: the engine does not answer.
        """
        pid = await asyncio.to_thread(peer.listener_pid, self._socket)
        self._local = peer.engine_shares(pid, "net")
        driver, version = info.get("CgroupDriver") or "", info.get("CgroupVersion") or "1"
        same_machine = peer.engine_shares(pid, "cgroup")
        self.cgroups = choose(str(driver), str(version), f"{self._owner}-{self._key}", same_machine)
        await self.ensure_firewall()
        await self.refresh_bases()

    async def bound(self, sid: str, limits: Limits) -> None:
        """Make a session's cgroup, or set its limits again, in a thread: systemd may take its time.

        Raises:
            GatewayError: this machine doesn't let the gateway.
        """
        try:
            await asyncio.to_thread(self.cgroups.make, sid, limits)
        except OSError as error:
            todo = "`course gateway status` shows the parent cgroup; look whether it can be written, then repeat"
            raise GatewayError("a cgroup for the session", error.strerror or str(error), todo) from error

    async def refresh_bases(self) -> None:
        """Look which base images the engine has; somebody may have made them meanwhile."""
        self.bases.replace(await base_images(self._engine))

    @property
    def bases_complete(self) -> bool:
        """Whether each base image is there."""
        return {tag.rpartition(":")[0] for tag in self.bases.tags} >= set(BASE_NAMES)

    async def ensure_firewall(self, good_for: float = LOOK) -> bool:
        """Put the rules for sessions' networks in force; whether they are.

        Args:
            good_for: seconds that an earlier look counts.
        """
        may_be_here = self._local or os.geteuid() != 0  # only root can see where an engine runs
        if may_be_here and time.monotonic() - self._looked >= good_for:
            self.firewall = await asyncio.to_thread(firewall.ensure)
            self._looked = time.monotonic()
        return not self.firewall

    async def came_back(self) -> bool:
        """Whether the engine answers now and did not before.

        Raises:
            EngineUnavailable: it does not answer.
        """
        answer = await self._engine.ask(EngineRequest("GET", ("_ping",)))
        if not answer.ok:
            raise EngineUnavailable(answer.message)
        back, self.away = bool(self.away), ""
        return back

    def status(self) -> dict[str, Any]:
        """What `course gateway status` shows; `weaker` names what this machine does not let the gateway do."""
        weaker = {
            "cgroups": self.cgroups.weaker,
            "firewall": self.firewall,
            "engine": self.away,
        }
        return {
            "owner": self._owner,
            "bases": sorted(self.bases.tags),
            "cgroups": self.cgroups.parent("<session>"),
            "firewall": "not in force" if self.firewall else "in force",
            "weaker": {part: why for part, why in weaker.items() if why},
        }
