"""How far a long step is: the steps report numbers, and only the command draws bars."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol

import rich.progress


class Report(Protocol):
    """Called again and again while something long goes on."""

    def __call__(self, what: str, done: int, total: int | None = None) -> None:
        """Say how far `what` is: `done` out of `total`, which is None while it is unknown."""


def silent(what: str, done: int, total: int | None = None) -> None:
    """Report nothing."""


class Bars:
    """Progress bars on standard output, one for each thing that is reported: `with Bars() as report: …`.

    They appear with the first report, so that a question that comes before it can be read and answered.
    """

    def __init__(self) -> None:
        self._progress = rich.progress.Progress(
            rich.progress.TextColumn("{task.description}"),
            rich.progress.BarColumn(bar_width=30),
            rich.progress.TaskProgressColumn(),
            rich.progress.TimeElapsedColumn(),
        )
        self._tasks: dict[str, rich.progress.TaskID] = {}

    def __enter__(self) -> Report:
        return self._report

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._tasks:
            self._progress.stop()

    def _report(self, what: str, done: int, total: int | None = None) -> None:
        if what not in self._tasks:
            self._progress.start()
            self._tasks[what] = self._progress.add_task(what, total=total)
        self._progress.update(self._tasks[what], completed=done, total=total)
