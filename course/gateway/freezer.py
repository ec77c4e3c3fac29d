"""Stops all processes of a control group where they are, and lets them go on (cgroups(7), versions 1 and 2)."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

SECONDS = 10.0
V1, V2 = "freezer.state", "cgroup.freeze"


def can_freeze(folder: Path) -> bool:
    """Whether this control group can be stopped as a whole."""
    return (folder / V1).exists() or (folder / V2).exists()


def freeze(folder: Path, seconds: float = SECONDS) -> bool:
    """Freeze every process in a control group; whether all are frozen within that many seconds."""
    deadline = time.monotonic() + seconds
    while not _order(folder, "FROZEN", "1"):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


def thaw(folder: Path) -> None:
    """Let a control group go on; one that is gone, or was never stopped, is fine."""
    with contextlib.suppress(OSError):
        _order(folder, "THAWED", "0")


def _order(folder: Path, first: str, second: str) -> bool:
    """Ask for a state; whether it is reached. Version 1 wants to be asked again while a new process slips through."""
    if (folder / V1).exists():
        (folder / V1).write_text(first)
        return (folder / V1).read_text().strip() == first
    if (folder / V2).exists():
        (folder / V2).write_text(second)
        return f"frozen {second}" in (folder / "cgroup.events").read_text().splitlines()
    return False
