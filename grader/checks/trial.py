"""A trial: what the checks of one exercise share, and the list of all that they started, which is removed at its end."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any

from grader.checks import bench

if TYPE_CHECKING:
    from docker import DockerClient


class Trial:
    """One run of some checks on one bench.

    Args:
        on: the bench; the current one if absent.

    Use it as a context manager: at the end it removes, last first, everything that was handed to `on_exit`.
    """

    def __init__(self, on: bench.Bench | None = None) -> None:
        self.bench = on or bench.current()
        self.memo: dict[Any, Any] = {}
        self.on_exit = ExitStack()

    def client(self, machine: str = "") -> DockerClient:
        """The engine of a machine; see `Bench.client`."""
        return self.bench.client(machine)

    def __enter__(self) -> Trial:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.on_exit.close()
