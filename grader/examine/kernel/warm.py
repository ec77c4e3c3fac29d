"""The program of the examiner kernel: a parent with everything imported, and a fork of it for each submission.

    python -I -m grader.examine.kernel.warm FD

FD is the parent's end of a Unix socket. The parent never runs a cell, so that what one submission's checks leave
behind, variables, clients or patches, is in a process that has ended when the next one begins.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import resource
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

from course.manifest import ManifestError, load
from grader.checks.bench import Bench, use
from grader.checks.result import Verdict
from grader.examine import scratch
from grader.examine.kernel import wire
from grader.examine.kernel.shell import GradingShell

WARM = (
    "docker", "docker.models.containers", "docker.utils.build", "requests", "urllib3", "json", "course.lesson",
    "course.lesson.parameters", "course.session.machines", "course.gateway.sentences",
    "course.session.attach", "course.engine.build", "grader.checks.subjects", "grader.checks.vocabulary",
    "grader.checks.messages", "course.dockerfile",
)  # fmt: skip
_PR_SET_PDEATHSIG = 1


def main(descriptor: int) -> None:
    """Serve until the other end of the socket is closed."""
    control = socket.socket(fileno=descriptor)
    for name in WARM:
        with contextlib.suppress(ImportError):  # only slower without it
            importlib.import_module(name)
    with contextlib.suppress(ManifestError):  # reported to whoever asks for it
        load()  # the forks find its files parsed
    os.chdir("/")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel of the system reaps what has ended
    with scratch.held() as folder:
        tempfile.tempdir = folder  # of the forks, whose checks put what they build in it
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # and so the folder goes
        shell = GradingShell.instance(folder)  # `display` looks for the one instance
        gc.collect()
        gc.freeze()  # pages that the collector does not write to stay shared with the forks
        control.sendall(b"+")
        while True:
            asked = _next(control)
            if asked is None:
                return
            fork, end = asked
            parent = os.getpid()
            child = os.fork()
            if child == 0:
                control.close()
                _die_with(parent)
                os._exit(_serve(end, fork, shell))
            end.close()
            control.sendall(child.to_bytes(4, "big"))


def _next(control: socket.socket) -> tuple[wire.Fork, socket.socket] | None:
    """The next thing to do, None at the end. The descriptor comes with the first byte."""
    first, descriptors, _, _ = socket.recv_fds(control, 1, 1)
    if not first or not descriptors:
        return None
    try:
        fork = wire.receive(control, wire.Fork)
    except wire.Closed:
        return None
    control.settimeout(None)
    return fork, socket.socket(fileno=descriptors[0])


def _die_with(parent: int) -> None:
    """End when the parent ends (prctl(2)), also in the middle of a cell."""
    for one in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(one, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    os.setsid()


class _Values:
    """The learner's values, asked for at the other end of the socket."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def fetch(self, name: str) -> bytes | None:
        wire.send(self._end, wire.Ask(name))
        answer: wire.Answer = wire.receive(self._end, wire.Answer)
        if answer.problem:
            raise ValueError(answer.problem)
        return None if answer.text is None else answer.text.encode()


class _Sink:
    """Keeps the verdicts of the cell that runs."""

    def __init__(self) -> None:
        self.taken: list[Verdict] = []

    def take(self, verdict: Verdict) -> None:
        self.taken.append(verdict)


def _serve(end: socket.socket, fork: wire.Fork, shell: GradingShell) -> int:
    """Run the graded cells of one submission, until the other end is closed."""
    os.environ.clear()
    os.environ.update(fork.environment)
    resource.setrlimit(resource.RLIMIT_AS, (fork.memory_bytes, fork.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    values, sink, machines = _Values(end), _Sink(), dict[str, Any]()
    while True:
        try:
            run: wire.Run = wire.receive(end, wire.Run)
            sink.taken.clear()
            bench = Bench(folder=Path(run.folder), values=values, sink=sink, records_progress=False, machines=machines)
            with use(bench):
                outputs, ename, evalue = shell.run_graded(run.source, fork.most_output)
            end.settimeout(None)
            wire.send(end, wire.Ran(outputs, sink.taken, ename, evalue))
        except wire.Closed:
            return 0


if __name__ == "__main__":
    main(int(sys.argv[1]))
