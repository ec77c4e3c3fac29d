"""A private engine: its own data, its own network, and nothing left of it afterwards."""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path

import docker
import pytest

from course.engine import Daemon
from course.engine.errors import NoEngine

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a private engine needs root")


@pytest.fixture
def home():
    with tempfile.TemporaryDirectory(prefix="sw", dir="/tmp") as folder:
        yield Path(folder) / "engine"


def test_it_sees_nothing_of_another_engine(home: Path, engine: docker.DockerClient) -> None:
    daemon = Daemon(home, "tprv")
    try:
        with daemon, closing(daemon.client()) as client:
            assert "running" in repr(daemon)
            assert client.images.list() == []
            assert client.info()["DockerRootDir"] != engine.info()["DockerRootDir"]
        assert "stopped" in repr(daemon)
    finally:
        daemon.remove()
    assert not home.exists()
    assert "swtprv" not in subprocess.run(["ip", "link"], capture_output=True, text=True, check=True).stdout


def test_one_that_cannot_start_shows_its_last_words(home: Path) -> None:
    daemon = Daemon(home, "tbad", extra_args=["--no-such-flag"])
    try:
        with pytest.raises(NoEngine, match="no-such-flag"):
            daemon.start()
    finally:
        daemon.remove()


def test_the_matrix_is_three_different_engines(
    engine: docker.DockerClient, engine13_url: str, engine13_containerd_url: str
) -> None:
    with closing(docker.DockerClient(base_url=engine13_url)) as second:
        assert second.version()["ApiVersion"] == "1.45"
        assert second.info()["Driver"] == "overlay2"
    with closing(docker.DockerClient(base_url=engine13_containerd_url)) as third:
        assert third.info()["Driver"] == "overlayfs"  # the containerd snapshotter's name for it
    assert engine.ping()
