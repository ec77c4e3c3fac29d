"""Stopping processes one by one, where there is no control group that stops them together."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Collection
from pathlib import Path

LOOKS = 3  # in a row that must find everything stopped: a process may be born while the others are looked at
_STILL = "TtZX"  # stopped, traced, ended (proc(5))


def stop(members: Callable[[], dict[int, str]], seconds: float) -> set[int] | None:
    """Stop processes until none of them runs: what is stopped starts nothing.

    Args:
        members: gives the processes and their states as proc(5) has them.
        seconds: how long that may take.

    Returns:
        those that were stopped, for `go_on`; None when some still run.
    """
    stopped: set[int] = set()
    still, deadline = 0, time.monotonic() + seconds
    while still < LOOKS:
        running = [pid for pid, state in members().items() if state not in _STILL]
        still = 0 if running else still + 1
        for pid in running:
            _signal(pid, signal.SIGSTOP)
            stopped.add(pid)
        if time.monotonic() > deadline:
            go_on(stopped)
            return None
    return stopped


def go_on(stopped: Collection[int]) -> None:
    """Let the processes go on that `stop` stopped, and no others."""
    for pid in stopped:
        _signal(pid, signal.SIGCONT)


def in_namespace(first: int) -> dict[int, str]:
    """The processes in the namespace of a sandbox but for its first one, which is ours."""
    with contextlib.suppress(OSError):
        wanted = Path(f"/proc/{first}/ns/pid").stat().st_ino
        return {pid: state for pid, (_, state) in _all().items() if pid != first and _namespace(pid) == wanted}
    return {}


def below(root: int) -> dict[int, str]:
    """A process and all that it started."""
    every = _all()
    found = {root} & every.keys()
    while more := {pid for pid, (parent, _) in every.items() if parent in found} - found:
        found |= more
    return {pid: every[pid][1] for pid in found}


def _all() -> dict[int, tuple[int, str]]:
    """Parent and state by process."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                found[int(entry.name)] = (int(parent), state)
    return found


def _namespace(pid: int) -> int:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/ns/pid").stat().st_ino
    return 0


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
