"""What a run does where nobody is left to work for it."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import pytest
from distributed import Client, LocalCluster

from grader.classroom import examining
from grader.classroom.cluster import Opened
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
        handing = _Handing(Opened(client, Pace(1)), deque([submission]), lambda _submission: b"{}", Stop())
        with pytest.raises(Unreachable, match="goes on with what is not complete"):
            list(handing.all())
