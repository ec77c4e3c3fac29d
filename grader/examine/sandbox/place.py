"""The place that one submission gets: namespaces made by bubblewrap, a fence around its processes, a socket into it.

There are three ways to a kernel in such a place:

- cold: bubblewrap starts Python inside. It works for every user.
- warm: bubblewrap starts a program that only waits; a parent that has everything imported forks, and the fork enters
  the namespaces of the place before it does anything else. It needs root, and saves the time of the imports.
- trusted: no place at all, a process of the grader's own user. Only where whoever grades says that all work is trusted.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import IO, Any

from grader.examine.errors import ExamineError
from grader.examine.sandbox import inside, stopping, view
from grader.examine.sandbox.fence import Fence
from grader.examine.sandbox.warm_parent import WarmParent

GONE_SECONDS = 20.0
STOP_SECONDS = 10.0
_NAMESPACES = ("ipc", "uts", "net", "cgroup", "pid", "mnt")  # the last one hides all others


class Place:
    """One place, from its start to its end. `repr` tells how it was started, and whether it is there.

    `ours` is the socket into it, `first` the number of its first process (0 for trusted work), `said` what was written
    to standard error until its end.

    Args:
        words: what `view.arguments` gave; empty for trusted work.
        fence: the limits of all its processes together.
        parent: forks the kernel; None to start one.
        variables: of a trusted process.
        kept: files that it needs until its end.
    """

    def __init__(
        self,
        words: Sequence[str],
        fence: Fence,
        parent: WarmParent | None,
        variables: Mapping[str, str],
        kept: contextlib.AbstractContextManager[Any],
    ) -> None:
        self._over = contextlib.ExitStack()
        self._over.enter_context(kept)
        self.fence = fence
        self._how = "trusted" if not words else "warm" if parent else "cold"
        self.first = 0
        self._ended = False
        self._stopped: set[int] = set()
        self.said = ""
        self._over.callback(fence.remove)
        self.ours, theirs = socket.socketpair()
        self._over.callback(self.ours.close)
        self.ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        python = [sys.executable, "-P"]
        try:
            with theirs:
                if not words:
                    command = [*python, str(inside.__file__), str(theirs.fileno())]
                    self._popen(command, [theirs.fileno()], env=dict(variables), start_new_session=True)
                elif parent is None:
                    self._bubblewrap(words, [*python, view.INSIDE, str(theirs.fileno())], [theirs.fileno()])
                else:
                    self._bubblewrap(words, ["/bin/cat"], [], waits=True)
                    self._enter(parent, theirs)
        except BaseException:
            self.end()
            raise

    def __repr__(self) -> str:
        return f"<Place, {self._how}, {'ended' if self._ended else f'process {self._process.pid}'}>"

    def end(self) -> None:
        """End every process in it, and wait until none is left."""
        if self._ended:
            return
        self._ended = True
        self.thaw()  # what is frozen does not end
        if hasattr(self, "_process"):
            with contextlib.suppress(ProcessLookupError):
                if self.first:
                    os.kill(self.first, signal.SIGKILL)  # the first process of a namespace takes all others with it
                elif self._how == "trusted":
                    os.killpg(self._process.pid, signal.SIGKILL)
                else:
                    self._process.kill()
            try:
                self._process.wait(GONE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._said.seek(0)
            self.said = self._said.read(4000).decode("utf-8", "replace").strip()
        self._over.close()

    def freeze(self) -> bool:
        """Freeze every process in it; whether all of them are frozen."""
        if self.fence.can_freeze:
            return self.fence.freeze()
        of = self._process.pid
        stopped = stopping.stop(
            lambda: stopping.in_namespace(self.first) if self.first else stopping.below(of), STOP_SECONDS
        )
        self._stopped = stopped or set()
        return stopped is not None

    def thaw(self) -> None:
        """Let them go on."""
        self.fence.thaw()
        stopping.go_on(self._stopped)
        self._stopped = set()

    def _bubblewrap(self, words: Sequence[str], command: list[str], passed: list[int], *, waits: bool = False) -> None:
        # passed in a file, because a command line can be read inside, and this machine's paths must not be
        told = self._over.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  # closed by the stack
        told.write(b"".join(os.fsencode(word) + b"\0" for word in words))
        told.seek(0)
        reads, writes = os.pipe2(os.O_CLOEXEC)
        with os.fdopen(reads, "rb") as info:
            try:
                begun = ["bwrap", "--args", str(told.fileno()), "--info-fd", str(writes), *command]
                # its first process inside shows its environment to whoever has the same user id: it gets none
                options: dict[str, Any] = {"env": {"PATH": os.environ.get("PATH", os.defpath)}}
                options |= {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE} if waits else {}
                self._popen(begun, [told.fileno(), writes, *passed], **options)
            finally:
                os.close(writes)
            text = info.read(4096)
        told.close()
        try:
            self.first = int(json.loads(text)["child-pid"])
        except (ValueError, KeyError) as error:
            self.end()
            raise ExamineError("a sandbox made by bubblewrap", self.said or "it ended", _DOCTOR) from error

    def _enter(self, parent: WarmParent, theirs: socket.socket) -> None:
        """Wait until the place is complete, and let the parent fork into it."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._over.callback(self._process.stdout.close)
        self._over.callback(self._process.stdin.close)
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(b"\n")
            self._process.stdin.flush()
        if not self._process.stdout.readline():
            self.end()
            raise ExamineError("a sandbox made by bubblewrap", self.said or "it ended", _DOCTOR)
        with contextlib.ExitStack() as opened:
            descriptors = [theirs.fileno()]
            for kind in _NAMESPACES:
                path = f"/proc/{self.first}/ns/{kind}"
                if os.path.exists(path):  # noqa: PTH110  # a kernel may be built without one of them
                    descriptors.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
                    opened.callback(os.close, descriptors[-1])
            parent.fork(descriptors)

    def _popen(self, command: list[str], passed: list[int], **options: Any) -> None:
        self._said: IO[bytes] = self._over.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  # by the stack
        given: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": self._said}
        given["pass_fds"] = passed
        self._process: subprocess.Popen[bytes] = subprocess.Popen(command, **(given | options))


_DOCTOR = "`grader doctor` says what is missing"
