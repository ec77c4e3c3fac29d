"""A parent process with everything imported, from which kernels are forked: what a start of Python costs is paid once.

It never meets a learner's code or files. A fork gets the socket of its submission, enters the namespaces of its place,
gives up root, and only then reads what it is to run. So there is nothing that one submission could leave for the next.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence

from grader.examine.sandbox import inside

WARM_SECONDS = 60.0


class WarmParent:
    """The parent, started when it is first needed, and again if it should have ended.

    Args:
        variables: its whole environment; forks get their own.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = dict(variables)
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._turn = threading.Lock()

    def __repr__(self) -> str:
        running = self._process is not None and self._process.poll() is None
        return f"<WarmParent, {f'process {self._process.pid}' if running and self._process else 'not running'}>"

    @staticmethod
    def possible() -> bool:
        """Whether this user may enter the namespaces of a place: root only."""
        return os.geteuid() == 0

    def fork(self, descriptors: Sequence[int]) -> None:
        """Let it fork a kernel.

        Args:
            descriptors: the socket that the kernel is to serve, and then its namespaces in the order to enter them.
        """
        with self._turn:
            for _ in range(2):
                try:
                    control = self._running()
                    socket.send_fds(control, [b"f"], list(descriptors))
                    return
                except OSError:  # it was killed: begin again, once
                    self._end()
            socket.send_fds(self._running(), [b"f"], list(descriptors))

    def kill(self) -> None:
        """End it; kernels that were forked go on, and the next one starts another parent."""
        with self._turn:
            self._end()

    def _running(self) -> socket.socket:
        if self._control is not None and self._process is not None and self._process.poll() is None:
            return self._control
        self._end()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(inside.__file__), "--warm", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=self._variables,
                cwd="/",
                start_new_session=True,
            )
        self._control = ours
        ours.settimeout(WARM_SECONDS)
        if not ours.recv(1):
            raise ConnectionResetError("the warm parent ended while it started")
        return ours

    def _end(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait()
        self._process = self._control = None
