"""While a check runs nothing of the learner's runs, and a value can still be asked for."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from control_groups import version_2
from sandbox_world import FILES, SMALL, inhabitants, printed

from course import gateway
from grader.examine.sandbox import SubmissionKernel, stopping
from grader.examine.sandbox.fence import Fence
from grader.examine.sandbox.house import House

BUSY = """
import threading, time, subprocess, sys
stamps, value, over = [], 7, False
def work():
    while not over:
        stamps.append(time.monotonic()); time.sleep(0.005)
threading.Thread(target=work, daemon=True).start()
write = "import time, pathlib\\nwhile True: open('beats', 'a').write(f'{time.monotonic()} '); time.sleep(0.005)"
child = subprocess.Popen([sys.executable, "-c", write], start_new_session=True)
while not __import__("pathlib").Path("beats").exists(): time.sleep(0.01)
"""
LARGEST = """
over = True; child.kill()
beats = [float(one) for one in open("beats").read().split()[:-1]]
print(any(a < {at} and b > {until} for a, b in zip(stamps, stamps[1:])),
      any(a < {at} and b > {until} for a, b in zip(beats, beats[1:])))
"""


@pytest.fixture(params=["freezer", "freezer of version 2", "signals"])
def freezing(
    request: pytest.FixtureRequest, victim: SubmissionKernel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[None]:
    """How the victim is stopped: as this machine does it, on a machine with version 2, or without control groups."""
    if request.param != "freezer of version 2":
        if request.param == "signals":
            monkeypatch.setattr(Fence, "can_freeze", property(lambda self: False))
        yield
        return
    with version_2(tmp_path) as root:
        group = root / f"sw-test-{secrets.token_hex(4)}"  # machines with process numbers of their own share the tree
        group.mkdir()
        for pid in inhabitants(victim):
            (group / "cgroup.procs").write_text(str(pid))
        monkeypatch.setattr(victim._place, "fence", Fence(folders=(group,)))
        yield
        for pid in (group / "cgroup.procs").read_text().split():
            (root / "cgroup.procs").write_text(pid)
        group.rmdir()


@pytest.mark.usefixtures("freezing")
def test_threads_and_daemons_stand_still(victim: SubmissionKernel) -> None:
    assert victim.run(BUSY, 30).status == "ok"
    with victim.frozen():
        at = time.monotonic()
        before = (victim.folder / "beats").read_bytes()
        deadline = at + 0.3
        while time.monotonic() < deadline:
            assert (victim.folder / "beats").read_bytes() == before
        until = time.monotonic()
    assert printed(victim, LARGEST.format(at=at, until=until)).split() == ["True", "True"]


@pytest.mark.usefixtures("freezing")
def test_a_value_can_be_asked_for(victim: SubmissionKernel) -> None:
    assert victim.run(BUSY, 30).status == "ok"
    with victim.frozen():
        assert victim.fetch("value") == b"7"
        before = (victim.folder / "beats").read_bytes()
        assert (victim.folder / "beats").read_bytes() == before
    assert victim.run("1", 30).status == "ok"


def test_what_is_frozen_can_be_ended(own_session: gateway.Session, house: House) -> None:
    with SubmissionKernel(FILES, own_session, SMALL, "mallory", within=house) as kernel:
        assert kernel.run(BUSY, 30).status == "ok"
        frozen = kernel.frozen()
        frozen.__enter__()
        pid = kernel.pid
    with suppress(OSError):
        os.kill(pid, 0)
        pytest.fail("the kernel is still there")


def test_what_cannot_be_stopped_is_ended(victim: SubmissionKernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(victim._place, "freeze", lambda: False)
    with victim.frozen():
        assert not victim.alive and victim.fetch("value") is None
    assert victim.run("1", 5).status == "died"


def test_those_that_a_learner_stopped_stay_stopped() -> None:
    """Without control groups: a tree that forks without end stands still, and goes on afterwards."""
    forks = (
        "import os, time\nwhile True:\n if os.fork() == 0: time.sleep(0.01); os._exit(0)\n os.waitpid(-1, os.WNOHANG)"
    )
    tree = subprocess.Popen([sys.executable, "-c", forks])
    still = subprocess.Popen(["sleep", "600"])
    try:
        still.send_signal(signal.SIGSTOP)
        while stopping.below(still.pid).get(still.pid) != "T":
            pass
        stopped = stopping.stop(lambda: stopping.below(tree.pid) | stopping.below(still.pid), 30)
        assert stopped and tree.pid in stopped and still.pid not in stopped
        assert set(stopping.below(tree.pid).values()) <= set("TZX")
        stopping.go_on(stopped)
        assert stopping.below(still.pid) == {still.pid: "T"}
        while stopping.below(tree.pid).get(tree.pid) in (None, "T"):
            pass
    finally:
        for one in (tree, still):
            one.kill()
            one.wait()
