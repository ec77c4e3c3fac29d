"""One parent cgroup for each session, so that even what the engine starts without limits (RUN steps) has some.

Containers and builds of a session name it as their CgroupParent. A fork bomb in a RUN step, which the engine starts
with no process limit of its own, ends at the parent's (GATEWAY.md, item 24).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from course.gateway import freezer
from course.gateway.errors import GatewayError
from course.gateway.policy.limits import Limits

ROOT = Path("/sys/fs/cgroup")
PIDS_FACTOR, MEMORY_FACTOR = 8, 16  # a whole session may have this many times what one container may have
MEMORY_SHARE = 0.75  # of the machine, at most
CPU_SHARES, CPU_WEIGHT = 512, 50  # half of what a process of the host gets under contention; containers have quotas


class Cgroups(Protocol):
    """Where the limits on all processes of a session are set."""

    @property
    def weaker(self) -> str:
        """Why there are none, as a clause for `status`; "" when there are."""

    def parent(self, sid: str) -> str:
        """The CgroupParent of a session, "" for none."""

    def make(self, sid: str, limits: Limits) -> None:
        """Make the session's cgroup, or set its limits again; nothing happens twice."""

    def remove(self, sid: str) -> bool:
        """End what still runs in it and remove it; whether there was one."""

    def sids(self) -> frozenset[str]:
        """The sessions that have one."""


@dataclass(frozen=True)
class NoCgroups:
    """For machines where the gateway may not write to the engine's cgroups."""

    weaker: str

    def parent(self, sid: str) -> str:
        """None."""
        return ""

    def make(self, sid: str, limits: Limits) -> None:
        """Nothing to make."""

    def remove(self, sid: str) -> bool:
        """Nothing to remove."""
        return False

    def sids(self) -> frozenset[str]:
        """None."""
        return frozenset()


@dataclass(frozen=True)
class CgroupTree:
    """Session cgroups under one folder of the cgroup file system (driver cgroupfs, version 1 or 2).

    Args:
        owner: tells this gateway from all others; its folder holds its sessions, so that gateways do not meet.
        version: 1 or 2.
        root: where the cgroup file systems are mounted.
    """

    owner: str
    version: int
    root: Path = ROOT
    weaker: str = ""

    def parent(self, sid: str) -> str:
        """The CgroupParent of a session."""
        return f"/slipway/{self.owner}/{sid}"

    def make(self, sid: str, limits: Limits) -> None:
        """Make the session's cgroup in each hierarchy, with its limits."""
        for hierarchy, files in self._limits(limits).items():
            folder = self._folder(hierarchy, sid)
            folder.mkdir(parents=True, exist_ok=True)
            if self.version == 2:
                self._delegate(folder)
            for name, value in files:
                if (folder / name).exists():  # swap accounting may be off (memory.memsw.*)
                    (folder / name).write_text(value)

    def remove(self, sid: str) -> bool:
        """End what still runs in it and remove it, in every hierarchy."""
        folders = self.folders(sid)
        for folder in folders:  # what is frozen does not end (version 1)
            freezer.thaw(folder)
        for folder in folders:
            _empty(folder)
            with contextlib.suppress(OSError):  # the owner's folder goes with its last session
                folder.parent.rmdir()
        return bool(folders)

    def sids(self) -> frozenset[str]:
        """The sessions that have a cgroup."""
        home = self._folder(self._hierarchies()[0], "").resolve()
        return frozenset(entry.name for entry in home.iterdir() if entry.is_dir()) if home.is_dir() else frozenset()

    def folders(self, sid: str, *, first: str = "") -> list[Path]:
        """The folders of a session's cgroup, one for each hierarchy (version 1), that of `first` before others."""
        found = sorted(self._hierarchies(), key=lambda hierarchy: hierarchy != first)
        return [folder for hierarchy in found if (folder := self._folder(hierarchy, sid)).is_dir()]

    def _hierarchies(self) -> tuple[str, ...]:
        """Version 1: the controllers that are mounted, those with limits first; version 2: the one."""
        if self.version == 2:
            return ("",)
        rest = sorted(entry.name for entry in self.root.iterdir() if entry.is_dir() and not entry.is_symlink())
        return ("pids", "memory", "cpu", *(name for name in rest if name not in ("pids", "memory", "cpu")))

    def _folder(self, hierarchy: str, sid: str) -> Path:
        return self.root / hierarchy / "slipway" / self.owner / sid

    def _limits(self, limits: Limits) -> dict[str, list[tuple[str, str]]]:
        pids, memory = str(limits.pids * PIDS_FACTOR), str(session_memory(limits))
        if self.version == 2:
            return {
                "": [
                    ("pids.max", pids),
                    ("memory.max", memory),
                    ("memory.swap.max", "0"),
                    ("cpu.weight", str(CPU_WEIGHT)),
                ]
            }
        return {
            "pids": [("pids.max", pids)],
            "memory": [("memory.limit_in_bytes", memory), ("memory.memsw.limit_in_bytes", memory)],
            "cpu": [("cpu.shares", str(CPU_SHARES))],
        }

    def _delegate(self, folder: Path) -> None:
        """Version 2: a controller reaches a cgroup only when every cgroup above it passes it on (cgroups(7))."""
        for above in (self.root, folder.parent.parent, folder.parent):
            (above / "cgroup.subtree_control").write_text("+pids +memory +cpu")


@dataclass(frozen=True)
class Slices:
    """Session cgroups as transient slices of systemd, for engines with the systemd cgroup driver.

    Args:
        owner: tells this gateway from all others.
    """

    owner: str
    weaker: str = ""

    def parent(self, sid: str) -> str:
        """The slice of a session; a dash in a slice's name means a parent (systemd.slice(5))."""
        return f"slipway-{self.owner.replace('-', '_')}-{sid}.slice"

    def make(self, sid: str, limits: Limits) -> None:
        """Start the slice with its limits, which last until the machine restarts."""
        values = (
            f"TasksMax={limits.pids * PIDS_FACTOR}",
            f"MemoryMax={session_memory(limits)}",
            "MemorySwapMax=0",
            f"CPUWeight={CPU_WEIGHT}",
        )
        _systemctl("set-property", "--runtime", self.parent(sid), *values)
        _systemctl("start", self.parent(sid))

    def remove(self, sid: str) -> bool:
        """Stop the slice, which ends what runs in it, and forget its limits."""
        known = sid in self.sids()
        _systemctl("stop", self.parent(sid))
        _systemctl("revert", self.parent(sid))
        return known

    def sids(self) -> frozenset[str]:
        """The sessions whose slice is loaded."""
        prefix = self.parent("").removesuffix(".slice")
        shown = _systemctl("list-units", "--type=slice", "--plain", "--no-legend", f"{prefix}*")
        names = (line.split()[0] for line in shown.splitlines() if line.strip())
        return frozenset(name.removeprefix(prefix).removesuffix(".slice") for name in names)


def choose(driver: str, version: str, owner: str, same_machine: bool, root: Path = ROOT) -> Cgroups:
    """Pick what this machine offers.

    Args:
        driver: CgroupDriver of GET /info ("cgroupfs" or "systemd").
        version: CgroupVersion of GET /info ("1", "2").
        owner: tells this gateway from all others.
        same_machine: whether the engine runs in our own cgroup namespace.
        root: where the cgroup file systems are mounted.
    """
    if not same_machine:
        return NoCgroups("the engine runs on another machine or in a container")
    if os.geteuid() != 0:
        return NoCgroups("the gateway does not run as root")
    if driver == "systemd":
        return Slices(owner)
    if driver != "cgroupfs":
        return NoCgroups(f"the engine's cgroup driver is {driver or 'unknown'}")
    tree = CgroupTree(owner, 2 if version == "2" else 1, root)
    probe = root / ("" if tree.version == 2 else "pids")
    if not os.access(probe, os.W_OK) or not (probe / "cgroup.procs").exists():
        return NoCgroups(f"{probe} is not a cgroup file system that may be written")
    return tree


def session_memory(limits: Limits) -> int:
    """Bytes for all of a session together: 16 containers' worth, at most three quarters of the machine."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    share = int(machine * MEMORY_SHARE)
    return min(limits.memory * MEMORY_FACTOR, share) if limits.memory else share


def _empty(folder: Path) -> None:
    """Kill all processes below and remove the folders from the leaves up; a killed process needs a moment to go."""
    deadline = time.monotonic() + 5.0
    while folder.is_dir():
        for below, _, _ in os.walk(folder, topdown=False):
            with contextlib.suppress(OSError):
                for pid in map(int, (Path(below) / "cgroup.procs").read_text().split()):
                    if pid == 0:
                        continue  # of another PID namespace (cgroups(7)); kill(0) would end our own group
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, 9)
            with contextlib.suppress(OSError):
                Path(below).rmdir()
        if time.monotonic() > deadline:
            return
        if folder.is_dir():
            time.sleep(0.02)


def _systemctl(*arguments: str) -> str:
    command = ["systemctl", *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        todo = "`systemctl status` in a terminal, then repeat"
        raise GatewayError(f"an answer to `{' '.join(command[:2])}`", str(error), todo) from error
