"""An engine that restarts: sessions keep their address and their things, and still end clean."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import docker
import pytest
from lease_holders import Holder, gateway_pid, of_session, until

from course.engine import Daemon
from course.gateway import Client
from course.gateway.keeping import kept


@pytest.fixture
def daemon(engine_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    """An engine that the test may stop, with one base image; the gateway's folders are the test's own."""
    if os.geteuid() != 0:
        pytest.skip("a private engine needs root")
    folder = Path(tempfile.mkdtemp(prefix="swe", dir="/tmp"))
    monkeypatch.setenv("SLIPWAY_STATE_DIR", str(folder / "s"))
    monkeypatch.setenv("SLIPWAY_RUNTIME_DIR", str(folder / "r"))
    monkeypatch.delenv("SLIPWAY_SESSION", raising=False)
    daemon = Daemon(folder / "e", "restart")
    try:
        with daemon:
            monkeypatch.setenv("SLIPWAY_ENGINE", daemon.url)
            with (
                closing(docker.DockerClient(engine_url, timeout=120)) as source,
                closing(daemon.client()) as target,
            ):
                target.images.load(source.images.get("course/busybox").save(named=True))
            yield daemon
            Client.stop_running()
    finally:
        daemon.remove()
        shutil.rmtree(folder, ignore_errors=True)


def test_a_session_outlives_a_crash_of_its_engine(daemon: Daemon) -> None:
    gateway = Client()
    opened = gateway.open("kept", "class")
    with closing(docker.DockerClient(opened.url, timeout=20)) as client:
        client.containers.run("course/busybox", "sleep 600", name="web", detach=True)
        client.containers.run("course/busybox", "sleep 600", name="gone", detach=True, auto_remove=True)
        daemon.kill()
        until(lambda: "engine" in gateway.status()["weaker"], "the gateway did not notice")
        daemon.start()
        until(lambda: "engine" not in gateway.status()["weaker"], "the gateway did not come back")
        assert client.containers.get("web").name == "web"
        client.containers.get("web").start()
        assert client.containers.run("course/busybox", "echo hello", remove=True) == b"hello\n"
    with closing(daemon.client()) as engine:
        gateway.end("kept")
        assert of_session(engine, opened.id) == []


@pytest.mark.parametrize("policy", ["class", "own"])
def test_a_kept_session_is_found_again_after_a_restart_of_the_machine(daemon: Daemon, policy: str) -> None:
    """Gateway, kernel and engine are killed, and the runtime folder is empty: what is left is what is on the disk."""
    gateway, asked = Client(), {"name": "mine", "policy": policy, "find": True, "keep": 7 * 86_400.0}
    holder = Holder(asked)
    with closing(docker.DockerClient(holder.session.url, timeout=20)) as client:
        web = client.containers.run("course/busybox", "sleep 600", name="web", detach=True)
        web.commit("shop", "1")
        client.volumes.create("goods")
        always = {"Name": "always"}
        client.containers.run("course/busybox", "sleep 600", name="back", detach=True, restart_policy=always)
    os.kill(gateway_pid(gateway), signal.SIGKILL)
    holder.kill()
    daemon.kill()
    shutil.rmtree(os.environ["SLIPWAY_RUNTIME_DIR"])
    daemon.start()
    assert kept("mine") == {"container": 2, "image": 1, "volume": 1}
    gateway = Client()
    assert gateway.sweep() == []
    again = Holder(asked)
    try:
        assert again.session.id == holder.session.id
        with closing(docker.DockerClient(again.session.url, timeout=20)) as client:
            found = client.containers.get("web")
            assert (found.id, found.status) == (web.id, "exited"), "plain Docker leaves it so"
            if policy == "own":  # in a class a session makes on-failure of always, so that nothing outlives it
                until(lambda: client.containers.get("back").status == "running", "plain Docker restarts it")
            found.start()
            assert client.containers.run("shop:1", "echo hello", remove=True) == b"hello\n"
            assert [volume.name for volume in client.volumes.list()] == ["goods"]
        with closing(daemon.client()) as engine:
            gateway.end("mine")
            assert of_session(engine, again.session.id) == []
    finally:
        again.close()


def test_an_end_that_finds_no_engine_is_made_good_later(daemon: Daemon) -> None:
    gateway = Client()
    opened = gateway.open("kept", "class")
    with closing(docker.DockerClient(opened.url, timeout=20)) as client:
        client.containers.run("course/busybox", "sleep 600", name="web", detach=True)
    daemon.stop()
    assert gateway.end("kept") == []
    daemon.start()
    with closing(daemon.client()) as engine:
        until(lambda: not of_session(engine, opened.id), "the session was not removed after the engine came back")


def test_the_gateways_of_two_engines_leave_each_other_alone(
    daemon: Daemon, engine_url: str, engine: docker.DockerClient
) -> None:
    """One user, one state folder, two engines: the owner is the same, the sessions are not."""
    one, two = Client(), Client(engine_url)
    try:
        opened, other = one.open("same-name"), two.open("same-name")
        with closing(docker.DockerClient(opened.url)) as client, closing(docker.DockerClient(other.url)) as foreign:
            running = [c.containers.run("course/busybox", "sleep 600", detach=True) for c in (client, foreign)]
            assert one.sweep(dry_run=True) == [] == two.sweep(dry_run=True)
            assert one.sweep() == [] == two.sweep()
            for container in running:
                container.reload()
                assert container.status == "running"
        one.end("same-name")
        assert two.show("same-name")["containers"] == 1
    finally:
        two.stop(end_sessions=True)
    assert of_session(engine, other.id) == []
