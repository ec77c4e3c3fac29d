"""A trial: what the checks of one exercise share, and the list of what they started, which is removed at its end."""

from __future__ import annotations

import os
import time
from collections import deque
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from grader.checks import bench

if TYPE_CHECKING:
    from docker import DockerClient

MOST_TIMES = 1000

_times: deque[tuple[float, float]] = deque(maxlen=MOST_TIMES)
"""When trials of this process ran, in seconds since the epoch. What the engine did then was not the learner."""


class Trial:
    """One run of some checks on one bench.

    Args:
        on: the bench; the current one if absent.
        lesson: the lesson whose exercise it is; "" where that says nothing.

    Use it as a context manager: at the end it removes, last first, everything that was handed to `on_exit`.
    """

    def __init__(self, on: bench.Bench | None = None, lesson: str = "") -> None:
        self.lesson = lesson
        chosen = on or bench.chosen()
        self.bench = chosen or bench.Bench()
        self._shared = chosen is not None
        self.memo: dict[Any, Any] = {}
        self.on_exit = ExitStack()
        self.begun = time.time()

    def client(self, machine: str = "") -> DockerClient:
        """The engine of a machine; see `Bench.client`."""
        return self.bench.client(machine)

    def __enter__(self) -> Trial:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        try:
            self.on_exit.close()
        except (DockerException, RequestException):
            # What could not be removed goes with its session. The answers are known, and do not change.
            pass
        finally:
            if not self._shared:
                self.bench.close()
            _times.append((self.begun, time.time()))
            _keep_on_disk(*_times[-1])


def own_times() -> tuple[tuple[float, float], ...]:
    """When earlier trials ran, in this process and before a restart of the kernel in the same session."""
    return (*_times, *_times_on_disk())


def _file_of_times() -> Path | None:
    session = os.environ.get("SLIPWAY_SESSION", "")
    if not session.isalnum() or bench.in_examiner():
        return None
    from course.paths import state_dir

    return state_dir() / "checks" / f"{session}.times"


def _keep_on_disk(begun: float, ended: float) -> None:
    """Append one line; without it a restarted kernel takes the check's own deeds for the learner's, and no more."""
    try:
        if (path := _file_of_times()) is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a") as lines:
                lines.write(f"{begun!r} {ended!r}\n")
    except OSError:
        return


def _times_on_disk() -> list[tuple[float, float]]:
    try:
        path = _file_of_times()
        lines = path.read_text().splitlines()[-MOST_TIMES:] if path is not None else []
        return [(float(begun), float(ended)) for begun, ended in (line.split() for line in lines)]
    except (OSError, ValueError):
        return []
