"""Limits on all processes of one sandbox together, by a control group where this user may make one."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from course.gateway import freezer
from course.gateway.cgroups import ROOT, CgroupTree
from grader.examine.scratch import is_abandoned, owner

CORES = 1.0  # that one submission's own processes may use at a time
PERIOD = 100_000  # microseconds
SHARES, WEIGHT = 256, 25  # a quarter of what a process of the host gets under contention


@dataclass(frozen=True)
class Fence:
    """The control groups of one sandbox; empty where there are none.

    Args:
        tree: where they are.
        sid: their name.
        folders: one for each hierarchy (version 1), or the one (version 2).
    """

    tree: CgroupTree | None = None
    sid: str = ""
    folders: tuple[Path, ...] = ()

    def add(self, pid: int) -> None:
        """Put a process in; what it starts is in, too."""
        for folder in self.folders:
            (folder / "cgroup.procs").write_text(str(pid))

    def killed_for_memory(self) -> int:
        """How many processes the kernel has killed because all together used too much memory."""
        for folder in self.folders:
            for name in ("memory.oom_control", "memory.events"):
                with contextlib.suppress(OSError):
                    facts = dict(line.split() for line in (folder / name).read_text().splitlines())
                    return int(facts.get("oom_kill", 0))
        return 0

    @property
    def can_freeze(self) -> bool:
        """Whether its processes can be stopped together."""
        return any(freezer.can_freeze(folder) for folder in self.folders)

    def freeze(self) -> bool:
        """Freeze every process in it; whether all of them are frozen."""
        return all(freezer.freeze(folder) for folder in self.folders if freezer.can_freeze(folder))

    def thaw(self) -> None:
        """Let them go on."""
        for folder in self.folders:
            freezer.thaw(folder)

    def remove(self) -> None:
        """End every process that is in, and take the groups away."""
        if self.tree is not None:
            self.tree.remove(self.sid)


class Fences:
    """Makes fences for the sandboxes of this process.

    Args:
        root: where the control groups are mounted.
    """

    def __init__(self, root: Path = ROOT) -> None:
        self._root = root
        self.weaker = self._weaker()
        self._version = 2 if (root / "cgroup.controllers").exists() else 1
        self._tree = CgroupTree(owner(), self._version, root)
        if not self.weaker:
            self._sweep()

    def make(self, sid: str, *, memory_bytes: int, processes: int) -> Fence:
        """A fence for a sandbox that is about to start.

        Args:
            sid: its name.
            memory_bytes: for all of it together, files in memory included.
            processes: and threads, all together.
        """
        if self.weaker:
            return Fence()
        quota = int(CORES * PERIOD)
        values: dict[str, tuple[tuple[str, str], ...]]
        if self._version == 2:
            values = {
                "": (
                    ("pids.max", str(processes)),
                    ("memory.max", str(memory_bytes)),
                    ("memory.swap.max", "0"),
                    ("cpu.max", f"{quota} {PERIOD}"),
                    ("cpu.weight", str(WEIGHT)),
                )
            }
        else:
            values = {
                "pids": (("pids.max", str(processes)),),
                "memory": (
                    ("memory.limit_in_bytes", str(memory_bytes)),
                    ("memory.memsw.limit_in_bytes", str(memory_bytes)),
                ),
                "cpu": (
                    ("cpu.cfs_period_us", str(PERIOD)),
                    ("cpu.cfs_quota_us", str(quota)),
                    ("cpu.shares", str(SHARES)),
                ),
            }
            if os.access(self._root / "freezer", os.W_OK):
                values["freezer"] = ()
        folders = []
        for hierarchy, files in values.items():
            folder = Path(f"{self._root}/{hierarchy}{self._tree.parent(sid)}")
            folder.mkdir(parents=True)
            if self._version == 2:
                self._pass_on(folder)
            for name, value in files:
                if (folder / name).exists():  # swap accounting may be off (memory.memsw.*)
                    (folder / name).write_text(value)
            folders.append(folder)
        return Fence(self._tree, sid, tuple(folders))

    def _weaker(self) -> str:
        """Why there are no control groups, "" where there are."""
        if os.geteuid() != 0:
            return "only root may make control groups: memory and processes are limited one process at a time"
        for hierarchy in ("",) if (self._root / "cgroup.controllers").exists() else ("pids", "memory", "cpu"):
            folder = self._root / hierarchy
            if not (folder / "cgroup.procs").exists() or not os.access(folder, os.W_OK):
                return f"{folder} is no control group that may be written"
        return ""

    def _pass_on(self, folder: Path) -> None:
        """Version 2: a controller reaches a group only when every group above passes it on (cgroups(7))."""
        for above in (self._root, folder.parent.parent, folder.parent):
            (above / "cgroup.subtree_control").write_text("+pids +memory +cpu")

    def _sweep(self) -> None:
        """Take away what a grader left that was killed: its processes are gone, its groups are not."""
        home = self._root / ("" if self._version == 2 else "pids") / "slipway"
        for entry in home.iterdir() if home.is_dir() else ():
            if is_abandoned(entry.name):
                left = CgroupTree(entry.name, self._version, self._root)
                for sid in left.sids():
                    left.remove(sid)
