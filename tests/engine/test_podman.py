"""Podman serves Docker's API and lacks what sessions need: it is refused, with words, before a session begins."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import debian_roots
import docker
import pytest
from typer.testing import CliRunner

from course.cli import app
from course.engine import find
from course.engine.daemon import PRIVATE_ROOT
from course.engine.errors import NotDocker
from course.errors import CourseError

START_SECONDS = 60


@pytest.fixture(scope="module")
def podman_url() -> Iterator[str]:
    """The address of Podman's service, out of the file system of Debian forky."""
    if os.geteuid() != 0:
        pytest.skip("Podman of another Debian needs root")
    try:
        root = debian_roots.root("forky")
    except CourseError as error:
        pytest.skip(str(error))
    home = Path(tempfile.mkdtemp(prefix="sw", dir="/tmp"))
    socket = home / "podman.sock"
    service = [
        "podman", "--root", str(home / "data"), "--runroot", str(home / "run"), "--cgroup-manager", "cgroupfs",
        "--events-backend", "file", "system", "service", "--time", "0", f"unix://{socket}",
    ]  # fmt: skip
    command = ["unshare", "-m", "sh", "-c", PRIVATE_ROOT, "sh", str(root), *service]
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin:/sbin:/bin"
    with (home / "log").open("wb") as log:
        running = subprocess.Popen(
            command, env={**os.environ, "STATE": str(home), "PATH": path}, stdout=log, stderr=log
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not socket.is_socket():
            assert running.poll() is None and time.monotonic() < deadline, (home / "log").read_text()
            time.sleep(0.05)
        yield f"unix://{socket}"
    finally:
        running.terminate()
        running.wait(30)
        shutil.rmtree(home, ignore_errors=True)


def test_it_refuses_the_name_of_a_session_s_network(podman_url: str) -> None:
    """If this ever passes, look whether Podman can be supported."""
    with (
        closing(docker.DockerClient(base_url=podman_url, version="auto", timeout=60)) as client,
        pytest.raises(docker.errors.APIError, match="names must match"),
    ):
        client.networks.create("sw-a:b")


@pytest.mark.parametrize("variable", ["SLIPWAY_ENGINE", "DOCKER_HOST"])
def test_it_is_refused_with_what_is_missing_and_what_to_do(
    variable: str, podman_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLIPWAY_ENGINE", raising=False)
    monkeypatch.setenv(variable, podman_url)
    with pytest.raises(NotDocker) as caught:
        find()
    assert "Podman 5." in caught.value.observed and "network" in caught.value.observed
    assert "install Docker Engine" in caught.value.try_next


@pytest.mark.parametrize("command", [["doctor"], ["engine", "up"], ["engine", "status"], ["images", "pull"]])
def test_doctor_and_the_commands_of_setup_say_so(
    command: list[str], podman_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLIPWAY_ENGINE", raising=False)
    monkeypatch.setenv("DOCKER_HOST", podman_url)
    done = CliRunner().invoke(app, command)
    said = done.output + str(done.exception or "")
    assert done.exit_code != 0 and "Podman 5." in said and "Docker Engine" in said, said


def test_a_session_is_refused_by_the_same_words(podman_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from course.gateway import session

    monkeypatch.setenv("SLIPWAY_ENGINE", podman_url)
    with pytest.raises(CourseError, match=r"Podman 5\."), session(policy="class"):
        pass
