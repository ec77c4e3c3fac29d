"""The workers: a local cluster of processes, or whatever a running scheduler has."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import dask
from distributed import Client, LocalCluster

from grader.classroom.errors import Unreachable
from grader.classroom.local_engine import LocalEngine
from grader.classroom.pace import MEMORY_EACH, Pace, free_memory
from grader.classroom.workers import LONGEST, ExaminerPlugin
from grader.examine import scratch

WORKERS_EACH_CORE = 2  # throughput stops growing there (grader/examine/README.md, "How fast")
CONNECT_SECONDS = 30.0

_SETTINGS = {
    "distributed.scheduler.worker-saturation": 1.0,  # a worker holds the job that it runs, so a death costs that one
    "distributed.scheduler.allowed-failures": 0,  # a lost job comes back here, where retries are counted
    "distributed.scheduler.work-stealing": False,
    "distributed.worker.daemon": False,  # workers have children: engines, gateways, kernels
    "distributed.worker.memory.terminate": False,  # kernels have limits of their own; a worker holds no more than a job
    "distributed.admin.tick.limit": "1h",  # a busy machine is no event
    "distributed.worker.profile.enabled": False,  # it keeps a picture of each second: 72 MiB after 250 submissions
    "distributed.admin.system-monitor.log-length": 60,
}


@dataclass(frozen=True)
class Opened:
    """Workers that are ready.

    Args:
        client: of their scheduler.
        pace: how many jobs they can take at once.
        mend: called after a fault; puts back the engine that this process started for them.
        refill: called while there are fewer workers than at first; starts those that nobody will start again.
    """

    client: Client
    pace: Pace
    mend: Callable[[], None] = lambda: None
    refill: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Workers:
    """Where a class is examined.

    Args:
        number: of local workers; None for what the machine can take.
        scheduler: the address of a running Dask scheduler, "" for a local cluster.
        engine: the address of an engine to grade on; "" starts one for this machine, or for each remote worker.
        examiner: the examiner's class as `module:name`; None for `grader.examine`'s.
        options: its arguments, by name.
        longest: seconds for one submission; a worker that takes longer is ended, and that submission isn't tried again.
    """

    number: int | None = None
    scheduler: str = ""
    engine: str = ""
    examiner: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    longest: float = LONGEST

    @contextmanager
    def open(self, wanted: int) -> Iterator[Opened]:
        """Connect, with an examiner on every worker that there is or will be.

        Args:
            wanted: how many submissions there are: no more local workers are started.

        Raises:
            Unreachable: no scheduler answers there, or it has no workers.
        """
        with dask.config.set(_SETTINGS):
            if self.scheduler:
                yield from self._remote()
            else:
                yield from self._local(max(1, min(self.number or fitting_workers(), wanted)))

    def _local(self, number: int) -> Iterator[Opened]:
        """Local workers share one engine: what one engine can take, the cores can take.

        Dask starts a worker anew that died, but gives it up where this takes longer than 15 s, as on a busy machine
        (its setting `distributed.deploy.lost-worker-timeout`). Asking for the same number brings it back.
        """
        silent = logging.CRITICAL  # the run reports what happens to a worker
        with (
            scratch.held() as folder,
            dask.config.set({"temporary-directory": folder}),
            _engine(self.engine) as engine,
            LocalCluster(
                n_workers=number,
                threads_per_worker=1,
                processes=True,
                dashboard_address="127.0.0.1:0",  # no fixed port; without bokeh there is no page behind it
                silence_logs=silent,
                memory_limit=None,
            ) as cluster,
            Client(cluster, set_as_default=False) as client,
        ):
            options = {**self.options, "engine": engine.url}
            plugin = ExaminerPlugin(self.examiner, options, is_local=True, longest=self.longest)
            yield from _with_examiners(
                Opened(client, Pace(number), engine.mend, partial(cluster.scale, number)), plugin
            )

    def _remote(self) -> Iterator[Opened]:
        try:
            client = Client(self.scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise Unreachable(
                f"a Dask scheduler at {self.scheduler}",
                str(error),
                "start one there: `dask scheduler`, and on each machine `dask worker ADDRESS --nthreads 1`",
            ) from error
        with client:
            try:
                client.wait_for_workers(1, timeout=CONNECT_SECONDS)  # they may be starting just now
            except TimeoutError as error:
                raise Unreachable(
                    "workers at that scheduler", "it has none", f"on each machine: `dask worker {self.scheduler}`"
                ) from error
            number = len(client.scheduler_info(n_workers=-1)["workers"])
            options = {**self.options, "engine": self.engine or None}
            plugin = ExaminerPlugin(self.examiner, options, is_local=False, longest=self.longest)
            yield from _with_examiners(Opened(client, Pace(number, free=None)), plugin)


def _with_examiners(opened: Opened, plugin: ExaminerPlugin) -> Iterator[Opened]:
    """End every examiner before anything is closed: the workers of others go on, and would keep their engines."""
    opened.client.register_plugin(plugin)
    try:
        yield opened
    finally:
        with suppress(OSError, TimeoutError, KeyError):  # a worker or scheduler that is gone holds nothing
            opened.client.unregister_worker_plugin(plugin.name)


@contextmanager
def _engine(address: str) -> Iterator[LocalEngine]:
    if address:
        yield LocalEngine(address)
        return
    from grader.examine.engine import GradingEngine

    with GradingEngine() as own:
        yield LocalEngine(own.url, own)


def fitting_workers() -> int:
    """How many local workers the cores and the free memory can take."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(1, min(WORKERS_EACH_CORE * cores, free_memory() // MEMORY_EACH))


def number_of_workers(client: Client) -> int | None:
    """How many workers the scheduler has now; None when it does not say."""
    with suppress(OSError, TimeoutError):
        return len(client.scheduler_info(n_workers=-1)["workers"])
    return None
