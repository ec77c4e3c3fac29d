"""A share of the engine's disk for each learner whose work is marked, in bytes and in files.

Linux has no such limit for what an engine keeps (a project quota would need each layer's folder before the engine
starts a build's container on it). So the gateway looks ten times a second how much of the file system is in use, which
costs one statvfs(2). When that has grown, it stops all containers of marked sessions at once, their RUN steps too, by
the freezer of their control groups; weighs what each learner's sessions hold, while nothing grows; ends the writers of
those who are beyond their share; and lets the others go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course.gateway import freezer
from course.gateway.cgroups import Cgroups, CgroupTree
from course.gateway.disk import Disk, Weight, unlinked, weigh
from course.gateway.policy.limits import MIB
from course.gateway.policy.names import EngineRequest
from course.gateway.scope import Scope
from course.gateway.upstream import EngineUnavailable, Upstream

log = logging.getLogger("course.gateway")
PAUSE = 0.1  # seconds between looks
GROWTH = Weight(128 * MIB, 10_000)  # a further look at who holds what, when so much more is in use
WORK_SHARE = 4  # … and at least so many times what the last one took, while somebody is beyond the share
NEARLY_FULL = Weight(32 * MIB, 1_000)  # what is left when others may have met "no space left"
WRITER = Weight(4 * MIB, 500)  # a container of a session beyond its share that holds less goes on
FREEZE_SECONDS = 1.0
_CONTAINER = re.compile(r"[0-9a-f]{64}")
Note = Callable[..., None]


@dataclass(frozen=True)
class Held:
    """What one running container holds.

    Args:
        engine_id: the container, perhaps of a RUN step.
        group: its control group.
        weight: of its layer, its log and the files without a name that it has open; of a RUN step twice, because the
            engine copies its layer next.
    """

    engine_id: str
    group: Path
    weight: Weight


@dataclass
class Guard:
    """Keeps each family of marked sessions within its share.

    Args:
        engine: asked which layers an image has.
        disk: the engine's.
        cgroups: the sessions'.
    """

    engine: Upstream
    disk: Disk
    cgroups: CgroupTree
    _seen: Weight | None = None
    _beyond: bool = False
    _layers: dict[str, list[Path]] = field(default_factory=dict)
    _weighed: dict[Path, Weight] = field(default_factory=dict)
    _not_before: float = 0.0
    _ended: list[str] = field(default_factory=list)

    async def look(self, sessions: Sequence[tuple[Scope, Note]]) -> None:
        """Look once at the file system, and at who holds what if more of it is in use."""
        try:
            used, free = self.disk.used(), self.disk.free()
        except OSError:
            return  # the engine has ended
        if NEARLY_FULL.size > free.size or NEARLY_FULL.files > free.files:
            for scope, _ in sessions:
                scope.starved = True
        before = self._seen or used
        self._seen = Weight(min(before.size, used.size), min(before.files, used.files))
        grown = used.beyond(self._seen + GROWTH)
        if not grown and not (self._beyond and time.monotonic() >= self._not_before):
            return
        began = time.monotonic()
        await self._weigh_all(sessions)
        self._not_before = time.monotonic() + WORK_SHARE * (time.monotonic() - began)
        with contextlib.suppress(OSError):
            self._seen = self.disk.used()

    async def _weigh_all(self, sessions: Sequence[tuple[Scope, Note]]) -> None:
        families: dict[str, list[tuple[Scope, Note]]] = defaultdict(list)
        for scope, note in sessions:
            families[scope.row.family].append((scope, note))
        groups = [group for scope, _ in sessions for group in self._groups(scope.sid)]
        frozen = [group for group in groups if freezer.can_freeze(group)]
        try:
            await asyncio.to_thread(_freeze, frozen)
            self._beyond = False
            for members in families.values():
                self._beyond |= await self._judge(members)
        finally:
            for group in frozen:
                freezer.thaw(group)
        while self._ended:  # a restart policy would let it write on
            body = {"RestartPolicy": {"Name": "no"}}
            await self.engine.ask(EngineRequest("POST", ("containers", self._ended.pop(), "update"), body=body))

    async def _judge(self, members: Sequence[tuple[Scope, Note]]) -> bool:
        """Weigh a family, and end its writers if it is beyond its share; whether it is."""
        total, running = Weight(), []
        limits = members[0][0].policy.limits
        share = Weight(limits.bytes_written, limits.files_written)
        for scope, _ in members:
            layers = await self._layers_of(scope)
            weight, held = await asyncio.to_thread(self._weigh, scope, layers, share)
            total += weight
            running += held
        for scope, _ in members:
            scope.share_is_used(total.size, total.files)
        if not total.beyond(share):
            return False
        writers = [one for one in running if one.weight.beyond(WRITER)]
        for one in writers:
            _kill(one.group)
        for scope, note in members:
            ended = [one.engine_id for one in writers if scope.container_name(one.engine_id)]
            names = [scope.container_name(one) for one in ended]
            words = (
                f"the session's share of the disk is {share.size // MIB} MiB in {share.files} files, and "
                f"{total.size // MIB} MiB in {total.files} files or more are used"
            )
            if writers:
                note("quota.kill", f"{words}: its writers were ended", containers=names)
                log.warning("session %s: %s", scope.sid, words)
            self._ended += ended
        return True

    def _weigh(self, scope: Scope, layers: Iterable[Path], share: Weight) -> tuple[Weight, list[Held]]:
        """What a session holds in all, and what of it is in containers that run."""
        owned, running, total = scope.containers(), [], Weight()
        groups = {
            group.name: group
            for parent in self._groups(scope.sid)[:1]
            for group in parent.iterdir()
            if _CONTAINER.fullmatch(group.name)
        }
        for engine_id in {*owned, *groups}:
            weight = weigh(self.disk.of_container(engine_id), share)
            if engine_id in groups:
                weight += unlinked(_pids(groups[engine_id]))
                if engine_id not in owned:
                    weight += weight
                running.append(Held(engine_id, groups[engine_id], weight))
            total += weight
        for layer in layers:  # a layer never changes
            if layer not in self._weighed:
                self._weighed[layer] = weigh([layer], share)
            total += self._weighed[layer]
        volumes = Weight()
        for name in scope.volumes():
            volumes += weigh(self.disk.of_volume(name), share)
        if volumes.beyond(WRITER):  # whoever mounts them may be the writer
            running = [Held(one.engine_id, one.group, one.weight + volumes) for one in running]
        return total + volumes, running

    async def _layers_of(self, scope: Scope) -> list[Path]:
        """The layers of a session's own images, without those of the base images."""
        own = [*scope.images(), *scope.leftovers()]
        every = {layer for image_id in own for layer in await self._layers_of_image(image_id)}
        bases = [image_id for image_id in scope.visible_images() if scope.is_base(image_id)]
        return sorted(every - {layer for image_id in bases for layer in await self._layers_of_image(image_id)})

    async def _layers_of_image(self, image_id: str) -> list[Path]:
        if image_id not in self._layers:
            answer = await self.engine.ask(EngineRequest("GET", ("images", image_id, "json")))
            if not answer.ok:
                return []
            told: Mapping[str, Any] = answer.value.get("RootFS") or {}
            self._layers[image_id] = self.disk.of_layers(told.get("Layers") or ())
        return self._layers[image_id]

    def _groups(self, sid: str) -> list[Path]:
        """The control groups of a session: the one that can be frozen first."""
        return self.cgroups.folders(sid, first="freezer")


async def keep(guard: Guard, sessions: Callable[[], Sequence[tuple[Scope, Note]]]) -> None:
    """Look again and again, while there are sessions whose work is marked, until cancelled."""
    while True:
        await asyncio.sleep(PAUSE)
        if marked := sessions():
            try:
                await guard.look(marked)
            except EngineUnavailable:
                continue  # another task sees it too, and says so
            except Exception:
                log.exception("looking at what sessions hold failed; it goes on")


def guard_for(engine: Upstream, info: Mapping[str, Any], pid: int, cgroups: Cgroups) -> Guard | None:
    """A guard for an engine of this machine that keeps its layers by overlay2; None for every other.

    Args:
        engine: the engine.
        info: what it says of itself (`GET /info`).
        pid: its process, 0 where that is not known.
        cgroups: of the sessions.
    """
    root = Path(f"/proc/{pid}/root{info.get('DockerRootDir') or ''}")
    seen = pid and info.get("Driver") == "overlay2" and os.access(root / "image/overlay2/layerdb", os.R_OK)
    return Guard(engine, Disk(root), cgroups) if seen and isinstance(cgroups, CgroupTree) else None


def _freeze(groups: Iterable[Path]) -> None:
    for group in groups:
        with contextlib.suppress(OSError):
            freezer.freeze(group, FREEZE_SECONDS)


def _kill(group: Path) -> None:
    for pid in _pids(group):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _pids(group: Path) -> list[int]:
    found: list[int] = []
    for below, _, _ in os.walk(group):
        with contextlib.suppress(OSError):
            found += [pid for pid in map(int, Path(below, "cgroup.procs").read_text().split()) if pid]
    return found
