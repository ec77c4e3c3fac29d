"""The examiner's hold on its kernel: start it once, fork it for each submission, run graded cells, end it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from grader.checks.bench import Values
from grader.checks.result import Verdict
from grader.examine.errors import ExamineError
from grader.examine.kernel import wire

START_SECONDS = 60.0
FORK_SECONDS = 20.0
MEMORY = 4 * 1024**3
"""Bytes of address space of a child: a check that reads too much fails, not the machine."""
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "HOME", "SLIPWAY_STATE_DIR", "SLIPWAY_RUNTIME_DIR", "SLIPWAY_NOTEBOOKS")
_WITHOUT_PROXIES = {"DOCKER_CONFIG": str(Path(__file__).with_name("empty_docker"))}
"""docker-py puts the proxies of `~/.docker/config.json`, with their passwords, into each container and build."""


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name in _KEPT} | _WITHOUT_PROXIES


class KernelFailed(ExamineError):
    """The examiner kernel itself failed. Never the learner's fault."""


@dataclass(frozen=True)
class GradedRun:
    """What one graded cell did.

    Args:
        outputs: as nbformat has them.
        verdicts: one for each exercise that the cell graded.
        ename: the class of the error that ended it, "" for none.
        evalue: its text.
        timed_out: whether its time was up.
        died: whether the process that ran it ended.
    """

    outputs: list[dict[str, Any]]
    verdicts: tuple[Verdict, ...] = ()
    ename: str = ""
    evalue: str = ""
    timed_out: bool = False
    died: bool = False


class ExaminerKernel:
    """A warm kernel; use it as a context manager.

    Args:
        most_output: characters that one cell may show.
    """

    def __init__(self, most_output: int = 1_000_000) -> None:
        self._most = most_output
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def __repr__(self) -> str:
        state = f"running as {self.pid}" if self.pid else "stopped"
        return f"<ExaminerKernel {state}>"

    def __enter__(self) -> ExaminerKernel:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The process id of the parent, None when it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Start the parent and wait until everything is imported.

        Raises:
            KernelFailed: it ended, or was not ready within a minute.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                # -I: nothing of the environment, of the current folder or of the user's own packages is imported
                [sys.executable, "-I", "-m", "grader.examine.kernel.warm", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=_environment(),
                cwd="/",
                start_new_session=True,
            )
        self._control = ours
        ours.settimeout(START_SECONDS)
        try:
            ready = ours.recv(1)
        except OSError:
            ready = b""
        if ready != b"+":
            said = self._end()
            raise KernelFailed("an examiner kernel that starts", said or "it ended without a word", "`grader doctor`")

    def stop(self) -> None:
        """End it and all its children."""
        self._end()

    def fork(self, environment: Mapping[str, str]) -> GradedRuns:
        """A fresh process for the graded cells of one submission.

        Args:
            environment: what the checks see beside the few variables that they need: the session, the learner.

        Raises:
            KernelFailed: the parent is gone.
        """
        if self.pid is None or self._control is None:
            raise KernelFailed("a running examiner kernel", repr(self), "start it first")
        ours, theirs = socket.socketpair()
        kept = _environment()
        try:
            with theirs:
                socket.send_fds(self._control, [b"f"], [theirs.fileno()])
                wire.send(self._control, wire.Fork({**kept, **environment}, self._most, MEMORY))
                self._control.settimeout(FORK_SECONDS)
                pid = int.from_bytes(self._control.recv(4, socket.MSG_WAITALL), "big")
        except (OSError, wire.Closed) as error:
            ours.close()
            raise KernelFailed("a fork of the examiner kernel", repr(error), "grade again") from error
        if not pid:
            ours.close()
            raise KernelFailed("a fork of the examiner kernel", "it is gone", "grade again")
        return GradedRuns(pid, ours)

    def _end(self) -> str:
        """End the parent; what it wrote to standard error."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is None:
            return ""
        process, self._process = self._process, None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            _, said = process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            _, said = process.communicate()
        return said.decode("utf-8", "replace")[-1000:].strip()


class GradedRuns:
    """One fork: runs the graded cells of one submission in one namespace. Close it at the end."""

    def __init__(self, pid: int, end: socket.socket) -> None:
        self.pid, self._end = pid, end
        self.alive = True

    def __repr__(self) -> str:
        return f"<GradedRuns in {self.pid}, {'alive' if self.alive else 'ended'}>"

    def __enter__(self) -> GradedRuns:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self, source: str, folder: Path, values: Values, seconds: float) -> GradedRun:
        """Run one graded cell.

        Args:
            source: the instructor's text.
            folder: what relative paths of checks start from.
            values: where the learner's values come from.
            seconds: wall time; then the process is ended, and the next cell needs another fork.
        """
        deadline = time.monotonic() + seconds
        try:
            wire.send(self._end, wire.Run(source, str(folder)))
            while True:
                said = wire.receive(self._end, wire.FromChild, deadline)
                if isinstance(said, wire.Ran):
                    return GradedRun(said.outputs, tuple(said.verdicts), said.ename, said.evalue)
                wire.send(self._end, _answer(values, said.name))
        except wire.TimeIsUp:
            self.close()
            return _ended("CellTimeout", f"the checks were not done within {seconds:g} s", timed_out=True)
        except wire.Closed:
            self.close()
            return _ended("ExaminerEnded", "the process that ran the checks ended", died=True)

    def close(self) -> None:
        """End the process."""
        if self.alive:
            self.alive = False
            self._end.close()
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


def _answer(values: Values, name: str) -> wire.Answer:
    try:
        text = values.fetch(name)
        return wire.Answer(None if text is None else text.decode("utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        return wire.Answer(None, str(error)[:500] or "not plain")


def _ended(ename: str, evalue: str, *, timed_out: bool = False, died: bool = False) -> GradedRun:
    error = {"output_type": "error", "ename": ename, "evalue": evalue, "traceback": [f"{ename}: {evalue}"]}
    return GradedRun([error], (), ename, evalue, timed_out, died)
