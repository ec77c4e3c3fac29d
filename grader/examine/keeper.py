"""Clears up a grading engine when the process that started it is killed; nothing of it stays behind.

    python -I -m grader.examine.keeper FD HOME

FD is one end of a Unix socket whose other end closes with the grader. Only the standard library and what needs no
more, so that it is there at once and small.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import sys
import time
from io import BufferedWriter
from pathlib import Path

from course.engine import bridges

LOCK = "keeper.lock"
BRIDGES_FILE = "bridges"
STOP_SECONDS = 20.0
_SELF = str(os.getpid())


def main(descriptor: int, home: Path) -> None:
    """Wait until the grader has gone, then clear up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    alive = socket.socket(fileno=descriptor)
    lock = hold(home)
    alive.sendall(b"+")
    with contextlib.suppress(OSError):
        while alive.recv(1):
            pass
    clear(home)
    _end_what_is_frozen()
    if lock is not None:
        lock.close()


def _end_what_is_frozen() -> None:
    """End the submissions' processes that the killed grader had frozen: no signal reaches them (control groups, v1)."""
    from grader.examine.sandbox.fence import Fences  # only now: the keeper starts without it, at once and small

    Fences()  # sweeps


def hold(home: Path) -> BufferedWriter | None:
    """Take the lock of a grading engine's folder, None while its keeper lives; close what is returned to free it."""
    try:
        file = (home / LOCK).open("ab")
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def clear(home: Path) -> None:
    """End the engine of a folder and all that it started, take its bridges away, and delete the folder."""
    end_all(home)
    with contextlib.suppress(OSError):
        bridges.remove(*(home / BRIDGES_FILE).read_text().splitlines())
    shutil.rmtree(home, ignore_errors=True)


def end_all(home: Path) -> None:
    """End dockerd, which ends its containers, then whatever is left of them."""
    for process in _engines(home):
        _signal(process, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while _engines(home) and time.monotonic() < deadline:
        time.sleep(0.05)
    while left := _with_children(_started_from(home)):
        for process in left:
            _signal(process, signal.SIGKILL)
        time.sleep(0.02)


def _engines(home: Path) -> list[int]:
    return [process for process in _started_from(home) if _words(process)[:1] == [b"dockerd"]]


def _started_from(home: Path) -> list[int]:
    """The processes that name the folder on their command line: dockerd, containerd, shims, their gateway."""
    below = os.fsencode(home) + b"/"
    return [process for process in _processes() if any(below in word for word in _words(process))]


def _with_children(roots: list[int]) -> list[int]:
    """The processes and all that they started: what runs in a container is a child of its shim."""
    parents = {process: _parent(process) for process in _processes()}
    found = set(roots)
    while more := {process for process, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found)


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and entry.name != _SELF]


def _words(process: int) -> list[bytes]:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


def _parent(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError):
        return 0


def _signal(process: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, number)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
