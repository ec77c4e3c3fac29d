"""What submission kernels leave on this machine while they live, and a cell's printed text."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from grader.examine.job import Budgets
from grader.examine.sandbox import SubmissionKernel
from grader.examine.sandbox.reach import IDS, LOWEST_ID
from grader.examine.scratch import owner

FILES = {"L01-containers.ipynb": b"{}", "shop.py": b"print('open')\n", "parts/list.txt": b"tea\n"}
SMALL = Budgets(memory_bytes=400 * 1024**2, processes=60, output_bytes=200_000, disk_bytes=8 * 1024**2)
needs_groups = pytest.mark.skipif(os.geteuid() != 0, reason="control groups need root")
LEARNERS = range(LOWEST_ID, LOWEST_ID + IDS)  # user ids of sandboxes


def traces() -> set[str]:
    """Processes, files and control groups that belong to sandboxes of this process, and to no other test run's."""
    found = {str(path) for path in Path(tempfile.gettempdir()).glob(f"{owner()}-*/*")}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fenced = f"/{owner()}/" in (entry / "cgroup").read_text()
                own = f"\nPPid:\t{os.getpid()}\n" in (entry / "status").read_text()
                if fenced or (own and (entry / "cmdline").read_bytes().startswith(b"bwrap\0")):
                    found.add(str(entry))
            except OSError:
                continue
    for hierarchy in ("pids", "memory", "cpu", ""):
        fences = Path("/sys/fs/cgroup", hierarchy, "slipway", owner()).glob("*")
        found |= {str(path) for path in fences if path.is_dir()}
    return found


def inhabitants(kernel: SubmissionKernel) -> set[int]:
    """The processes in a kernel's namespace."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended, or is another user's
            if (entry / "ns/pid").readlink() == Path(f"/proc/{kernel.pid}/ns/pid").readlink():
                found.add(int(entry.name))
    return found


def fence_of(pid: int) -> str:
    """The control group of a process that counts processes, from the root of the file system of groups."""
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if names == "pids":
            return f"pids{path}"
        if not names and "/sandbox-" in path:
            return path.lstrip("/")
    raise AssertionError(f"process {pid} is behind no fence")


def printed(kernel: SubmissionKernel, cell: str, seconds: float = 60) -> str:
    """What a cell prints; it must end well."""
    ran = kernel.run(cell, seconds)
    assert ran.status == "ok", ran
    return "".join(output.get("text", "") for output in ran.outputs)
