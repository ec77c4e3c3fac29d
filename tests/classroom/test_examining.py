"""What a run does where nobody is left to work for it."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import dask
import psutil
import pytest
from distributed import Client, LocalCluster
from lease_holders import until

from grader.classroom import examining
from grader.classroom.cluster import Opened, Workers, number_of_workers
from grader.classroom.errors import Unreachable
from grader.classroom.examining import Stop, _Handing
from grader.classroom.pace import Pace
from grader.classroom.submission import Submission


def test_a_run_without_workers_ends_with_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(examining, "ALONE_SECONDS", 0.5)
    submission = Submission("Ada", "L01-containers", tmp_path)
    with (
        LocalCluster(n_workers=0, processes=False, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        handing = _Handing(Opened(client, Pace(1)), deque([submission]), lambda _submission: b"{}", Stop(), 60.0)
        with pytest.raises(Unreachable, match="goes on with what is not complete"):
            list(handing.all())


def test_a_worker_that_dask_gave_up_is_started_again(engine_url: str) -> None:
    gives_up = dask.config.set({"distributed.deploy.lost-worker-timeout": "0s"})  # before it can be back
    with gives_up, Workers(number=1, engine=engine_url).open(1) as opened:
        first = set(_workers())
        assert len(first) == 1
        first.pop().kill()
        until(lambda: number_of_workers(opened.client) == 0, "the scheduler still knows the killed worker")

        def is_back() -> bool:
            opened.refill()
            return number_of_workers(opened.client) == 1

        until(is_back, "no worker was started in its place")


def _workers() -> list[psutil.Process]:
    living = [one for one in psutil.Process().children() if one.status() != psutil.STATUS_ZOMBIE]
    return [one for one in living if "spawn_main" in " ".join(one.cmdline())]
