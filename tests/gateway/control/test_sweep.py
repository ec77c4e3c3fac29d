"""Sweeping: all that a session made goes, also what was planted or forgotten, and nothing of anybody else."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import sqlite3
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException
from lease_holders import Holder, gateway_pid, of_session, until

from course.gateway import Client, Session, machine, session

Hold = Callable[..., Holder]
Snapshot = frozenset[str]


@pytest.fixture
def untouched(engine: docker.DockerClient) -> Iterator[None]:
    """What stands on the engine besides the test's sessions is the same afterwards."""
    before = snapshot(engine)
    yield
    with contextlib.suppress(AssertionError):  # a sweep may still be at work; the comparison below says what is left
        until(lambda: snapshot(engine) == before, "")
    assert snapshot(engine) == before


def snapshot(engine: docker.DockerClient) -> Snapshot:
    """Ids and names of all objects on the engine, image tags and intermediate images included."""
    images = engine.api.images(all=True)
    found = {f"container {c['Id']}" for c in engine.api.containers(all=True)}
    found |= {f"image {i['Id']}" for i in images} | {f"tag {t}" for i in images for t in i.get("RepoTags") or ()}
    found |= {f"volume {v['Name']}" for v in engine.api.volumes().get("Volumes") or ()}
    return frozenset(found | {f"network {n['Id']}" for n in engine.api.networks()})


def fill(opened: Session) -> None:
    """Make one of everything in a session: containers, named and anonymous volumes, networks, images, leftovers."""
    with closing(docker.DockerClient(opened.url)) as client:
        dockerfile = b'FROM course/busybox\nRUN echo one > /1\nRUN echo two > /2\nVOLUME /data\nCMD ["sleep", "600"]\n'
        client.images.build(fileobj=io.BytesIO(dockerfile), tag="shop:1")
        client.images.get("shop:1").tag("shop", "2")
        client.networks.create("own")
        client.volumes.create("named")
        web = client.containers.run("shop:1", name="web", detach=True, network="own", volumes=["named:/named"])
        web.exec_run("touch /data/x /named/x")
        client.containers.create("course/busybox", "true", name="idle")
        web.commit("shop", "changed")
        with pytest.raises(DockerException):
            client.images.build(fileobj=io.BytesIO(dockerfile + b"RUN false\n"), tag="broken:1")


def plant(engine: docker.DockerClient, sid: str, owner: str, cgroup: str) -> None:
    """What a crash leaves: objects that no ledger has, and a container of a RUN step without labels."""
    labels = {"org.slipway.session": sid, "org.slipway.owner": owner}
    engine.containers.create("course/busybox", "true", name=f"sw-{sid}--planted", labels=labels)
    engine.volumes.create(f"sw-{sid}--planted", labels=labels)
    engine.networks.create(f"sw-{sid}--planted", labels=labels)
    engine.images.get("course/busybox").tag(f"slipway.invalid/{sid}/d/planted", "1")
    step = engine.api.create_host_config(cgroup_parent=cgroup) if cgroup else None
    engine.api.create_container("course/busybox", "sleep 600", host_config=step, name=f"step-{sid}")


def remove_step(engine: docker.DockerClient, sid: str, cgroup: str) -> None:
    """Where there is no parent cgroup, nothing tells whose the RUN step's container is; the test removes it."""
    if not cgroup:
        engine.api.remove_container(f"step-{sid}", force=True)


def cgroup_of(client: Client, sid: str) -> str:
    """The parent cgroup of a session, "" where there is none."""
    return str(client.status()["cgroups"]).replace("<session>", sid)


def test_all_that_a_session_made_is_removed(gateway: Client, engine: docker.DockerClient, untouched: None) -> None:
    with session("class") as opened:
        fill(opened)
        cgroup = cgroup_of(gateway, opened.id)
        plant(engine, opened.id, gateway.status()["owner"], cgroup)
    remove_step(engine, opened.id, cgroup)
    assert of_session(engine, opened.id) == []
    assert not list(Path("/sys/fs/cgroup").glob(f"*/slipway/*/{opened.id}"))


def test_a_killed_gateway_in_mid_build_leaves_nothing(
    gateway: Client, engine: docker.DockerClient, hold: Hold, untouched: None
) -> None:
    holder = hold({"name": "g", "policy": "grading"})
    with closing(docker.APIClient(holder.session.url, timeout=30)) as client:
        dockerfile = io.BytesIO(b"FROM course/busybox\nRUN echo one > /1\nRUN sleep 600\n")
        output = client.build(fileobj=dockerfile, tag="slow:1", decode=True)
        for line in output:
            if "Step 3" in line.get("stream", ""):
                break
        until(lambda: engine.api.containers(), "the RUN step's container did not start")
        os.kill(gateway_pid(gateway), signal.SIGKILL)
        holder.kill()
    gateway.status()
    until(lambda: not of_session(engine, holder.session.id), "the session was not swept")
    until(lambda: not engine.api.containers(all=True), "the RUN step's container stayed")


def test_a_dry_run_shows_and_removes_nothing(gateway: Client, engine: docker.DockerClient, untouched: None) -> None:
    owner = gateway.status()["owner"]
    with session("class") as opened:
        fill(opened)
        plant(engine, "e" * 12, owner, "")  # last, because the gateway sweeps by itself every ten seconds
        before = snapshot(engine)
        shown = gateway.sweep(dry_run=True)
        assert snapshot(engine) == before
        assert {thing["session"] for thing in shown} == {"e" * 12}
        assert sorted(thing["kind"] for thing in shown) == ["container", "network", "tag", "volume"]
        removed = gateway.sweep()
        assert {tuple(thing.values()) for thing in removed} == {tuple(thing.values()) for thing in shown}
        assert gateway.sweep() == []
        assert of_session(engine, "e" * 12) == []
        assert of_session(engine, opened.id)
    remove_step(engine, "e" * 12, "")


def test_the_session_of_a_lost_ledger_is_found_on_the_engine(
    gateway: Client, engine: docker.DockerClient, untouched: None
) -> None:
    opened = gateway.open("lost", "class")
    with closing(docker.DockerClient(opened.url)) as client:
        client.images.get("course/busybox").tag("mine", "1")
        client.containers.create("mine:1", "true", name="web")
    gateway.stop()
    with closing(sqlite3.connect(gateway.home.state / "ledger.db")) as ledger, ledger:
        ledger.execute("DELETE FROM objects")
        ledger.execute("DELETE FROM sessions")
    assert {thing["session"] for thing in gateway.sweep(dry_run=True)} == {opened.id}
    gateway.sweep()
    assert of_session(engine, opened.id) == []


def test_an_image_is_found_though_nothing_else_of_its_session_is_left(
    gateway: Client, engine: docker.DockerClient, untouched: None
) -> None:
    owner = gateway.status()["owner"]
    base = engine.images.get("course/busybox")
    base.tag(f"slipway.invalid/{'d' * 12}/owner", owner)
    base.tag(f"slipway.invalid/{'d' * 12}/d/shop", "1")
    base.tag(f"slipway.invalid/{'c' * 12}/owner", "0-somebodyelse")
    try:
        gateway.sweep()
        tags = engine.images.get("course/busybox").tags
        assert not [tag for tag in tags if "d" * 12 in tag]
        assert f"slipway.invalid/{'c' * 12}/owner:0-somebodyelse" in tags
    finally:
        engine.images.remove(f"slipway.invalid/{'c' * 12}/owner:0-somebodyelse")


def test_two_owners_on_one_engine_leave_each_other_alone(
    gateway: Client, engine: docker.DockerClient, untouched: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = gateway.open("mine", "class")
    fill(mine)
    mine_now = of_session(engine, mine.id)
    monkeypatch.setenv("SLIPWAY_STATE_DIR", str(tmp_path / "other"))
    runtime = tempfile.mkdtemp(prefix="swo", dir="/tmp")
    monkeypatch.setenv("SLIPWAY_RUNTIME_DIR", runtime)
    other = Client()
    try:
        theirs = other.open("theirs")
        fill(theirs)
        assert other.status()["owner"] != gateway.status()["owner"]
        assert other.sweep(dry_run=True) == [] == gateway.sweep(dry_run=True)
        with closing(docker.DockerClient(theirs.url)) as client:
            assert [c.name for c in client.containers.list(all=True)] == ["idle", "web"]
    finally:
        other.stop(end_sessions=True)
        shutil.rmtree(runtime)
    assert of_session(engine, theirs.id) == []
    assert sorted(of_session(engine, mine.id)) == sorted(mine_now)
    with closing(docker.DockerClient(mine.url)) as client:
        assert client.containers.get("web").status == "running"
        assert client.images.get("shop:2").tags == ["shop:1", "shop:2"]
    gateway.end("mine")


def test_an_image_that_two_sessions_have_stays_for_the_second(
    gateway: Client, engine: docker.DockerClient, untouched: None
) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("x"))
    with session("class") as first:
        with closing(docker.DockerClient(first.url)) as client:
            made = client.containers.create("course/busybox", "true")
            made.put_archive("/", archive.getvalue())
            made.commit("shop", "1")
            saved = b"".join(client.images.get("shop:1").save(named=True))
        with session("class") as second, closing(docker.DockerClient(second.url)) as client:
            client.images.load(saved)
            image_id = client.images.get("shop:1").id
            gateway.end(first.id)
            assert client.images.get("shop:1").id == image_id
            assert client.containers.run("shop:1", "ls /x", remove=True) == b"/x\n"


@pytest.mark.parametrize("as_machine", [False, True], ids=["ended-in-turn", "ended-at-once"])
def test_nothing_is_left_below_an_image_that_was_built_in_one_session_and_loaded_in_another(
    gateway: Client, as_machine: bool, untouched: None
) -> None:
    steps = b"FROM course/busybox\nENV ONE=1\nENV TWO=2\nENV THREE=3\n"
    with session("class") as first, contextlib.ExitStack() as stack:
        second = machine(first, "colleague") if as_machine else stack.enter_context(session("class"))
        with closing(docker.DockerClient(first.url)) as one, closing(docker.DockerClient(second.url)) as two:
            one.images.build(fileobj=io.BytesIO(steps), tag="shop:1")
            one.images.build(fileobj=io.BytesIO(b"FROM shop:1\nENV FOUR=4\nENV FIVE=5\n"), tag="shop:2")
            two.images.load(b"".join(one.images.get("shop:2").save(named="shop:2")))
        gateway.end(first.id)


def test_a_removal_that_was_cut_short_is_taken_up(
    gateway: Client, engine: docker.DockerClient, untouched: None
) -> None:
    opened = gateway.open("cut", "class")
    fill(opened)
    gateway.stop()
    with closing(sqlite3.connect(gateway.home.state / "ledger.db")) as ledger, ledger:
        ledger.execute("UPDATE sessions SET ending = 1")
    assert gateway.sessions() == []
    until(lambda: not of_session(engine, opened.id), "the end was not taken up")


def test_a_sweep_leaves_a_session_that_is_opened_meanwhile(gateway: Client, untouched: None) -> None:
    over = threading.Event()

    def sweep() -> None:
        while not over.is_set():
            gateway.sweep()

    with session("class") as first:  # the gateway runs
        assert first.id
        sweeper = threading.Thread(target=sweep)
        sweeper.start()
        try:
            for _ in range(15):
                with session("class") as opened, closing(docker.DockerClient(opened.url)) as client:
                    assert client.networks.list()
                    assert opened.id in {one["id"] for one in gateway.sessions()}
        finally:
            over.set()
            sweeper.join()
