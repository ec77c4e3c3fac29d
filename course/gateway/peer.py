"""Who is at the other end of a Unix socket, whether that process still lives, and whether an engine is local."""

from __future__ import annotations

import os
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

TELLS = hasattr(socket, "SO_PEERCRED")  # whether the system says who is at the other end; macOS does not


@dataclass(frozen=True)
class Process:
    """A process that can be distinguished from a later one with the same pid.

    Args:
        pid: its number, 0 when it is in another process namespace or the system does not tell.
        started: its start time in clock ticks since boot (proc_pid_stat(5), field 22), 0 when unknown.
    """

    pid: int
    started: int = 0

    def alive(self) -> bool:
        """Whether this very process still runs; a zombie does not. An unknown one counts as alive."""
        if not self.pid:
            return True
        if not self.started:
            return _exists(self.pid)
        state, started = _stat(self.pid)
        return started == self.started and state not in "ZX"


def identify(pid: int) -> Process:
    """The process that has this number now."""
    return Process(pid, _stat(pid)[1])


def credentials(connection: socket.socket) -> tuple[int, int]:
    """Process id and user id of the other end at the time it connected (unix(7), SO_PEERCRED).

    Where the system has no such option (macOS), the process is 0 and the user is ourselves: the socket's mode 0600
    is what keeps others out there.
    """
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return 0, os.getuid()
    raw = connection.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i"))
    pid, uid, _ = struct.unpack("3i", raw)
    return int(pid), int(uid)


def listener_pid(path: Path) -> int:
    """The process that made a listening Unix socket, 0 if unknown; systemd's is 1 for an activated one."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(5.0)
        try:
            probe.connect(str(path))
            return credentials(probe)[0]
        except OSError:
            return 0


def engine_shares(pid: int, kind: str) -> bool:
    """Whether the engine at a socket is in our own namespace of a kind ("net", "pid", "cgroup"): on our machine.

    Docker Desktop and ssh serve a socket here whose engine is in a virtual machine, so the process that listens counts
    only when it's an engine, or systemd, which passes its socket to one.

    Args:
        pid: the process that listens, 0 where the system doesn't tell.
        kind: of the namespace.
    """
    process = Path(f"/proc/{pid}")
    try:
        name = process.joinpath("comm").read_text().strip()  # NixOS wraps it: ".dockerd-wrappe"
        here = process.joinpath("ns", kind).readlink() == Path("/proc/self/ns", kind).readlink()
    except OSError:
        return False
    return here and ("dockerd" in name or name == "systemd")


def _stat(pid: int) -> tuple[str, int]:
    """State letter and start time; ("X", 0) for a process that is not there."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return "X", 0
    fields = text[text.rindex(")") + 2 :].split()  # the command before it may hold spaces and brackets
    return fields[0], int(fields[19])


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
