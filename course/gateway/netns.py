"""Sockets that listen inside another network namespace, such as the one that a graded kernel lives in."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from course.gateway.errors import GatewayError

T = TypeVar("T")
CLONE_NEWNET = 0x40000000  # linux/sched.h
NS_GET_NSTYPE = 0xB703  # ioctl_ns(2)
BACKLOG = 64  # connections that may wait to be accepted
_ROOT = "let the gateway run as root, or talk to containers by name from another container"


class NetworkNamespace:
    """A network namespace that stays as long as this object is open, whatever happens to its processes.

    Args:
        path: a file that stands for it: "/proc/<pid>/ns/net", "/run/netns/<name>", "/proc/<pid>/fd/<fd>".

    Raises:
        GatewayError: the file is not there, is no network namespace, or is the one that the gateway itself lives in.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise _no_namespace(path, error.strerror or str(error)) from error
        try:
            if fcntl.ioctl(self._fd, NS_GET_NSTYPE) != CLONE_NEWNET:
                raise _no_namespace(path, "a namespace of another kind")
            if os.path.samestat(os.fstat(self._fd), Path("/proc/self/ns/net").stat()):
                raise _no_namespace(path, "the namespace of the host, where published ports answer already")
        except OSError as error:
            self.close()
            raise _no_namespace(path, "a file that is no namespace") from error
        except GatewayError:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"<NetworkNamespace {self.path}{'' if self._fd >= 0 else ', closed'}>"

    def close(self) -> None:
        """Let the namespace go; sockets in it stay open."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def check(self) -> None:
        """Make sure that a connection over the loopback inside is possible.

        Raises:
            GatewayError: the gateway may not enter, or the loopback is not up.
        """

        def connect() -> None:
            with socket.create_server(("127.0.0.1", 0)) as server:
                socket.create_connection(server.getsockname(), timeout=5.0).close()

        try:
            self._run_inside(connect)
        except OSError as error:
            todo = "`ip link set lo up` inside, then repeat"
            raise GatewayError("a loopback that is up inside", error.strerror or str(error), todo) from error

    def listen(self, port: int) -> socket.socket:
        """A socket that listens on 127.0.0.1 inside; it belongs to the namespace, whoever accepts from it.

        Raises:
            GatewayError: the gateway may not enter.
            OSError: the port is taken there.
        """
        made = self._run_inside(lambda: socket.create_server(("127.0.0.1", port), backlog=BACKLOG))
        made.setblocking(False)
        return made

    def _run_inside(self, work: Callable[[], T]) -> T:
        """Run something short in a thread that enters the namespace and ends there: no other code is ever inside."""
        result: Future[T] = Future()

        def enter() -> None:
            try:
                _enter(self._fd)
                result.set_result(work())
            except (OSError, GatewayError) as error:
                result.set_exception(error)

        threading.Thread(target=enter, name=f"inside {self.path}", daemon=True).start()
        return result.result()


def _enter(fd: int) -> None:
    """Move the calling thread, and no other, into a network namespace (setns(2); Python has it from 3.12)."""
    if ctypes.CDLL(None, use_errno=True).setns(fd, CLONE_NEWNET) != 0:
        why = os.strerror(ctypes.get_errno())
        raise GatewayError("a gateway that may enter another network namespace", why, _ROOT)


def _no_namespace(path: Path, observed: str) -> GatewayError:
    todo = "give the number of a process that has a network namespace of its own, or the file of one"
    return GatewayError(f"a network namespace at {path}", observed, todo)
