"""docker-py's own integration suite through a session of the policy `own` on engine 28.5.

`SLIPWAY_DOCKER_PY` names a checkout of docker-py; without it the test is skipped. What does not pass, and why, is in
the policy's README.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import debian_roots
import docker
import docker_py_suite
import pytest

from course.engine import Daemon
from course.errors import CourseError
from course.gateway import Client, session

LEAST = 215
BASES = ("course/busybox", "course/registry")


@pytest.fixture
def docker_py() -> Path:
    """The checkout of docker-py."""
    given = os.environ.get("SLIPWAY_DOCKER_PY")
    if not given:
        pytest.skip("SLIPWAY_DOCKER_PY names no checkout of docker-py")
    return Path(given)


@pytest.fixture
def mirrored(engine_url: str) -> Iterator[str]:
    """Engine 28.5 whose mirror of Docker Hub is a registry of its own."""
    if os.geteuid() != 0:
        pytest.skip("another engine of the matrix needs root")
    try:
        root = debian_roots.root("forky")
    except CourseError as error:
        pytest.skip(str(error))
    port = docker_py_suite.free_port()
    mirror = f"--registry-mirror=http://127.0.0.1:{port}"
    home = Path(tempfile.mkdtemp(prefix="sw", dir="/tmp"))
    daemon = Daemon(home, f"dp{os.getpid() % 10000}", chroot=root, extra_args=[mirror])
    try:
        with daemon:
            with (
                closing(docker.DockerClient(engine_url, version="auto", timeout=300)) as one,
                closing(daemon.client()) as two,
            ):
                for name in BASES:
                    two.images.load(one.images.get(name).save(named=True))
            with docker_py_suite.hub(daemon.url, port):
                yield daemon.url
    finally:
        daemon.remove()


@pytest.mark.timeout(docker_py_suite.SUITE_SECONDS + 300)
def test_docker_pys_own_suite_passes_but_for_what_the_readme_lists(
    docker_py: Path, mirrored: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_ENGINE", mirrored)
    with tempfile.TemporaryDirectory(prefix="sw", dir="/var/tmp") as work:
        monkeypatch.setenv("SLIPWAY_WORKSPACE", work)
        with session("own") as opened:
            results = docker_py_suite.run(docker_py, {"DOCKER_HOST": opened.url, "DOCKER_BUILDKIT": "0"}, Path(work))
        Client.stop_running()
    failed = {name: why for name, why in results.items() if why}
    for name, why in failed.items():
        print(f"{name}: {why[:200]}")
    assert len(results) - len(failed) >= LEAST
