"""Whether an engine is on this machine: a program that only passes on its socket doesn't tell."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lease_holders import until

from course.gateway import peer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has namespaces")


@pytest.fixture
def program(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[int]:
    """The process of a program that has this name."""
    copy = shutil.copy(shutil.which("sleep") or "", tmp_path / request.param)
    with subprocess.Popen([copy, "600"]) as process:
        name = Path(f"/proc/{process.pid}/comm")  # which the kernel sets after what `Popen` waits for
        until(lambda: name.read_text().strip() == request.param[:15], "the program has not its name")
        yield process.pid
        process.kill()


@pytest.mark.parametrize(
    ("program", "here"),
    [("dockerd", True), (".dockerd-wrapped", True), ("systemd", True), ("com.docker.back", False), ("ssh", False)],
    indirect=["program"],
)
def test_only_an_engine_or_systemd_says_that_it_is_here(program: int, here: bool) -> None:
    assert [peer.engine_shares(program, kind) for kind in ("net", "pid", "cgroup")] == [here] * 3


def test_nobody_is_nowhere() -> None:
    assert not peer.engine_shares(0, "net")
