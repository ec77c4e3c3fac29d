"""All lessons on an engine that is not of this machine: `tests/support/foreign_engine.py` stands for Docker Desktop."""

from __future__ import annotations

import os
import socket
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import docker
import pytest
from foreign_engine import HOST_NAME, foreign_engine
from nbval_run import compare

from course import manifest
from course.gateway import Client, peer, session
from course.manifest import Lesson
from grader.authoring.answers import reference
from grader.authoring.prove import claims
from grader.authoring.prove.attempt import Prover

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a private engine needs root")
by_lesson = pytest.mark.parametrize("lesson", manifest.load().lessons, ids=lambda lesson: lesson.id)


@pytest.fixture(scope="module")
def foreign_url(engine: docker.DockerClient) -> Iterator[str]:
    """The address of the engine, as that of every session that is opened meanwhile."""
    home = Path(tempfile.mkdtemp(prefix="sw", dir="/tmp"))
    with foreign_engine(home, f"f{os.getpid() % 10000}") as url, pytest.MonkeyPatch.context() as patch:
        with closing(docker.DockerClient(base_url=url, version="auto", timeout=300)) as other:
            for name in ("course/busybox", "course/python", "course/node", "course/registry"):
                other.images.load(engine.images.get(name).save(named=True))
        patch.setenv("SLIPWAY_ENGINE", url)
        yield url
        Client().stop(end_sessions=True)


def test_it_is_as_an_engine_in_a_virtual_machine(foreign_url: str) -> None:
    """A published port answers on 127.0.0.1, a container's address doesn't, and the gateway knows that."""
    command = ["sh", "-c", "mkdir /www; echo hello >/www/index.html; exec httpd -f -p 80 -h /www"]
    with closing(docker.DockerClient(base_url=foreign_url)) as client:
        assert client.info()["Name"] == HOST_NAME
        one = client.containers.run("course/busybox", command, ports={"80/tcp": None}, detach=True)
        try:
            one.reload()
            port, address = one.ports["80/tcp"][0]["HostPort"], one.attrs["NetworkSettings"]["IPAddress"]
            assert urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=30).read() == b"hello\n"
            with pytest.raises(OSError):
                socket.create_connection((address, 80), timeout=2)
        finally:
            one.remove(force=True)
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", int(port)), timeout=2)
    listener = peer.listener_pid(Path(foreign_url.removeprefix("unix://")))
    assert listener and not peer.engine_shares(listener, "net")


def test_a_folder_of_the_workspace_is_mounted(foreign_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker Desktop shares the learner's home. The process numbers of its containers are those of others here."""
    with tempfile.TemporaryDirectory(prefix="own-ws-", dir="/var/tmp") as workspace:
        monkeypatch.setenv("SLIPWAY_WORKSPACE", workspace)
        Path(workspace, "page.html").write_text("hello")
        with session(policy="own") as own, closing(docker.DockerClient(own.url, timeout=60)) as client:
            said = client.containers.run("course/busybox", "cat /www/page.html", volumes={workspace: {"bind": "/www"}})
            assert said == b"hello"


@by_lesson
def test_the_solutions_of_a_lesson_earn_all_points(lesson: Lesson, foreign_url: str, tmp_path: Path) -> None:
    with Prover(lesson, tmp_path / "room") as prover:
        findings = [
            str(finding)
            for exercise in lesson.exercises
            for finding in claims.earns_all(lesson, prover.attempt(reference(prover.notebook.exercise(exercise.id))))
        ]
    assert findings == []


@by_lesson
def test_a_lesson_runs_and_prints_the_same(
    lesson: Lesson, foreign_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a session as a learner has it on a machine of their own."""
    monkeypatch.setenv("SLIPWAY_WORKSPACE", str(tmp_path))
    with session(policy="own") as own:
        assert not compare(lesson, own.environment(), tmp_path)
