"""What the checks look at: which engine, folder and values. A lesson uses the default, the examiner its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from docker import DockerClient

    from grader.checks.deed import Deed
    from grader.checks.result import Verdict


class Values(Protocol):
    """Where a learner's values come from."""

    def fetch(self, name: str) -> bytes | None:
        """The value as JSON text, or None when there is no such name.

        Raises:
            ValueError: there is a value, and it cannot be written as JSON.
        """
        ...


class VerdictSink(Protocol):
    """Where the verdicts of graded exercises go besides the learner's screen."""

    def take(self, verdict: Verdict) -> None:
        """Keep one verdict."""
        ...


def _from_env() -> DockerClient:
    import docker

    return docker.from_env()


@dataclass(frozen=True)
class Bench:
    """The surroundings of checks.

    Args:
        folder: what relative paths of Dockerfiles start from; None for the current folder.
        values: where a learner's values come from; None for the namespace of the running kernel.
        sink: takes each verdict; None for the file that `SLIPWAY_VERDICTS` names, if it names one.
        records_progress: whether verdicts are added to the learner's progress on disk.
        journal: gives what was done on a machine, oldest first; None for the events that the engine keeps.
        machines: clients by name; the empty name is the learner's own machine. Filled on first use.
    """

    folder: Path | None = None
    values: Values | None = None
    sink: VerdictSink | None = None
    records_progress: bool = True
    journal: Callable[[str], Iterable[Deed]] | None = None
    machines: dict[str, DockerClient] = field(default_factory=dict)
    _own: list[DockerClient] = field(default_factory=list, repr=False)

    def client(self, machine: str = "") -> DockerClient:
        """The engine of a machine: the learner's own, or the second session that `course.lesson.machine` gives.

        Raises:
            docker.errors.DockerException: no engine answers.
        """
        if machine not in self.machines:
            if machine:
                from course import lesson

                self.machines[machine] = lesson.machine(machine)
            else:
                self.machines[machine] = _from_env()
            self._own.append(self.machines[machine])
        return self.machines[machine]

    def close(self) -> None:
        """Close the clients that this bench opened itself; the next use opens others."""
        while self._own:
            client = self._own.pop()
            client.close()
            for name in [name for name, held in self.machines.items() if held is client]:
                del self.machines[name]

    def path(self, relative: str | Path) -> Path:
        """A path of the learner's, from the folder of this bench."""
        return (self.folder or Path.cwd()) / relative


def in_examiner() -> bool:
    """Whether marks count here: then nothing is written to a learner's progress."""
    return bool(os.environ.get("SLIPWAY_EXAMINER"))


_current: ContextVar[Bench | None] = ContextVar("bench", default=None)


def chosen() -> Bench | None:
    """The bench that `use` set, or None where the default holds."""
    return _current.get()


def current() -> Bench:
    """The bench in use: the one that `use` set, else a fresh default (so a changed `DOCKER_HOST` is followed)."""
    return _current.get() or Bench()


@contextmanager
def use(bench: Bench) -> Iterator[Bench]:
    """Run the checks inside this block on another bench."""
    token = _current.set(bench)
    try:
        yield bench
    finally:
        _current.reset(token)
