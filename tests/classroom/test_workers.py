"""Workers of a scheduler that runs, and a run that is stopped by Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_class import CHECK, HIDDEN, MadeClass
from small_course import LESSON

from grader.classroom.errors import Unreachable
from grader.classroom.gradebook import scores
from grader.classroom.journal import Ended, Journal, Written

PATIENCE = 600.0  # seconds, on a busy machine


@pytest.fixture
def scheduler(tmp_path: Path, on_the_engine: str) -> Iterator[str]:
    """The address of a Dask scheduler with one worker, which run in a folder that the class knows nothing of."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    told = elsewhere / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    with (elsewhere / "log").open("wb") as log:
        options = {"cwd": elsewhere, "stdout": log, "stderr": log}
        command = ["scheduler", "--port", "0", "--no-dashboard", "--host", "127.0.0.1", "--scheduler-file", str(told)]
        running = [subprocess.Popen([*dask, *command], **options)]  # type: ignore[call-overload]
        command = ["worker", "--scheduler-file", str(told), "--nthreads", "1", "--no-dashboard"]
        running.append(subprocess.Popen([*dask, *command], **options))  # type: ignore[call-overload]
        try:
            yield _address(told, running)
        finally:
            for process in reversed(running):
                process.terminate()
                process.wait(PATIENCE)


def test_a_class_is_graded_by_the_workers_of_a_scheduler(made: MadeClass, scheduler: str, engine_url: str) -> None:
    made.hands_in("李 四", "partly")
    command = ["grade", "T01", "--scheduler", scheduler, "--engine", engine_url, "--only", "ada", "--only", "李 四"]
    graded = json.loads(made.grader(*command, "--json").stdout)
    assert {one["student"]: one["points"] for one in graded} == {"ada": 4, "李 四": 2}


def test_an_address_without_a_scheduler_is_said_so(made: MadeClass, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.classroom.cluster.CONNECT_SECONDS", 0.5)
    with pytest.raises(Unreachable, match="dask scheduler"):
        made.grader("grade", "T01", "--scheduler", "tcp://127.0.0.1:1")


def test_ctrl_c_lets_what_is_examined_end_and_the_next_run_goes_on(
    made: MadeClass, on_the_engine: str, tmp_path: Path
) -> None:
    for place in range(4):
        made.hands_in(f"more {place}", "broken")
    command = [sys.executable, "-m", "grader.cli", "grade", LESSON, "--workers", "1", "--engine", on_the_engine]
    with (tmp_path / "log").open("wb") as log:
        run = subprocess.Popen(command, cwd=made.root, stdout=log, stderr=log, start_new_session=True)
        journal = Journal(made.root / ".grader")
        deadline = time.monotonic() + PATIENCE
        while not any(isinstance(one, Written) for one in journal.records()):
            assert run.poll() is None and time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.05)
        os.killpg(run.pid, signal.SIGINT)  # as a terminal does: all processes of the group get it
        assert run.wait(PATIENCE) == 130, (tmp_path / "log").read_text()
    ends = [one.how for one in journal.records() if isinstance(one, Ended)]
    written = {one.student for one in journal.records() if isinstance(one, Written)}
    assert ends == ["stopped"] and 0 < len(written) < 8
    assert scores(made.steps.api, LESSON).keys() == written, "nobody is half written"

    made.grader("grade", LESSON, "--workers", "1", "--engine", on_the_engine)
    book = scores(made.steps.api, LESSON)
    expected = {**dict.fromkeys(made.students, (3, 1)), **{f"more {place}": (0, 0) for place in range(4)}}
    assert {who: (cells[CHECK].points, cells[HIDDEN].points) for who, cells in book.items()} == expected


def _address(told: Path, running: list[subprocess.Popen[bytes]]) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert all(process.poll() is None for process in running), (told.parent / "log").read_text()
        try:
            address: str = json.loads(told.read_text())["address"]
        except (FileNotFoundError, ValueError):
            time.sleep(0.1)
            continue
        return address
    pytest.fail("no scheduler")
