"""Running a command inside a running container, with a deadline and a bounded output."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from grader.checks.check import Unmet, could_not_check, failed
from grader.checks.faults import answers
from grader.checks.trial import Trial

MOST = 1024 * 1024  # bytes of output that are kept
_OUT = 1  # the stream number of standard output in the engine's frames (Engine API, "Attach to a container")


class TimeIsUp(Exception):
    """The command did not end in time. It goes on in the container: the engine has no call to end it."""


@dataclass(frozen=True)
class Executed:
    """How a command ended."""

    exit_code: int
    out: str
    err: str


def execute(
    trial: Trial, container_id: str, command: Sequence[str], within: float, *, machine: str = "", user: str = ""
) -> Executed:
    """Run a command and wait for it.

    Args:
        within: seconds until it must have ended.

    Raises:
        TimeIsUp: it did not.
    """
    api = trial.client(machine).api
    exec_id = api.exec_create(container_id, list(command), user=user)["Id"]
    stream = api.exec_start(exec_id, socket=True)
    out, err = bytearray(), bytearray()
    deadline = time.monotonic() + within
    try:
        plain: Any = getattr(stream, "_sock", stream)  # docker-py wraps a plain socket in a SocketIO
        while (head := _exactly(plain, 8, deadline)) is not None:
            which, length = struct.unpack(">BxxxL", head)
            body = _exactly(plain, length, deadline) or b""
            kept = out if which == _OUT else err
            kept += body[: MOST - len(kept)]
    finally:
        _hang_up(stream)
    code = api.exec_inspect(exec_id)["ExitCode"]
    while code is None:  # the stream ends a moment before the engine writes the code down
        if time.monotonic() > deadline:
            raise TimeIsUp
        time.sleep(0.01)
        code = api.exec_inspect(exec_id)["ExitCode"]
    return Executed(code, bytes(out).decode("utf-8", "replace"), bytes(err).decode("utf-8", "replace"))


def _hang_up(stream: Any) -> None:
    """Close the connection now: docker-py keeps the response beside the socket, and either alone holds it open."""
    with suppress(OSError):
        getattr(stream, "_sock", stream).shutdown(socket.SHUT_RDWR)
    getattr(stream, "_response", stream).close()


def _exactly(stream: socket.socket, count: int, deadline: float) -> bytes | None:
    """So many bytes, or None at the end of the stream."""
    kept = bytearray()
    while len(kept) < count:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeIsUp
        stream.settimeout(left)
        try:
            chunk = stream.recv(min(count - len(kept), 65536))
        except TimeoutError:
            raise TimeIsUp from None
        if not chunk:
            return None
        kept += chunk
    return bytes(kept)


def too_slow(trial: Trial, machine: str, message_id: str, **facts: object) -> Unmet:
    """Whose time was up: the program's when the engine still answers, else the engine's."""
    if answers(trial.client(machine)):
        return failed(message_id, **facts)
    return could_not_check("engine.unreachable", reason="the engine does not answer in 10 s")
