"""Bytes written: the biggest writer of a session over its quota is ended, and the journal says why."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import docker
import pytest
from lease_holders import until

from course.gateway import Client, Session, journal
from course.gateway.bases import Bases
from course.gateway.journal_file import Journal, read
from course.gateway.ledger import Ledger
from course.gateway.policy.limits import CLASS, MIB
from course.gateway.quota import QuotaWatcher, biggest_writer, disk_usage
from course.gateway.scope import Scope
from course.gateway.upstream import Upstream

WRITE = "dd if=/dev/zero of={} bs=1M count={}; touch /done; sleep 600"


@pytest.fixture
def opened(gateway: Client) -> Iterator[Session]:
    yield gateway.open("quota", "class")
    gateway.end("quota")


def watched(gateway: Client, opened: Session, quota: int, folder: Path) -> Scope:
    """Look once at a session as its gateway would if the quota were smaller; the scope as it is then."""
    ledger = Ledger(gateway.home.state / "ledger.db")
    row = next(row for row in ledger.sessions() if row.sid == opened.id)
    owner = str(gateway.status()["owner"])
    scope = Scope(row, ledger, Bases(), {}, owner)
    scope.policy = replace(CLASS, limits=replace(CLASS.limits, bytes_written=quota))
    notes = Journal(folder, opened.id)

    async def look() -> None:
        engine = Upstream(gateway.home.engine_socket)
        await QuotaWatcher(engine, owner).look([(scope, notes)])
        engine.close()

    asyncio.run(look())
    notes.close()
    ledger.close()
    return scope


def test_the_biggest_writer_is_ended_and_the_others_run_on(gateway: Client, opened: Session, tmp_path: Path) -> None:
    with closing(docker.DockerClient(opened.url)) as client:
        small, big = (
            client.containers.run("course/busybox", ["sh", "-c", WRITE.format("/x", size)], detach=True)
            for size in (2, 12)
        )
        for container in (small, big):
            until(lambda c=container: c.exec_run("test -e /done").exit_code == 0, "it did not finish writing")
        scope = watched(gateway, opened, 8 * MIB, tmp_path)
        until(lambda: client.containers.get(big.id).status == "exited", "the biggest writer runs on")
        assert client.containers.get(small.id).status == "running"
        assert scope.used("bytes_written") >= 14 * MIB
    noted = [entry for entry in read(tmp_path, opened.id) if entry.route == "quota.kill"]
    assert [entry.outcome["container"] for entry in noted] == [big.name]
    assert "quota of bytes written is 8 MiB" in noted[0].message


@pytest.mark.skipif(os.geteuid() != 0, reason="the engine's volumes can be read by root only")
def test_what_is_written_to_a_volume_counts(gateway: Client, opened: Session, tmp_path: Path) -> None:
    with closing(docker.DockerClient(opened.url)) as client:
        writer = client.containers.run(
            "course/busybox",
            ["sh", "-c", WRITE.format("/data/x", 12)],
            detach=True,
            volumes=["data:/data"],
        )
        until(lambda: writer.exec_run("test -e /done").exit_code == 0, "it did not finish writing")
        watched(gateway, opened, 8 * MIB, tmp_path)
        until(lambda: client.containers.get(writer.id).status == "exited", "the writer runs on")


def test_a_session_below_its_quota_is_left_alone(gateway: Client, opened: Session, tmp_path: Path) -> None:
    with closing(docker.DockerClient(opened.url)) as client:
        container = client.containers.run("course/busybox", "sleep 600", detach=True)
        watched(gateway, opened, 8 * MIB, tmp_path)
        assert client.containers.get(container.id).status == "running"
    assert [entry for entry in read(tmp_path, opened.id) if entry.route == "quota.kill"] == []


def test_the_gateway_measures_by_itself(gateway: Client, opened: Session) -> None:
    with closing(docker.DockerClient(opened.url)) as client:
        client.containers.run("course/busybox", ["sh", "-c", WRITE.format("/x", 3)], detach=True)
        until(lambda: gateway.show("quota")["bytes_written"] >= 3 * MIB, "the bytes were not counted")
    assert any(entry.route == "container.create" for entry in journal(opened))


def test_only_what_runs_can_be_the_biggest_writer() -> None:
    rows = [
        {"Id": "a", "State": "exited", "SizeRw": 100},
        {"Id": "b", "State": "running", "SizeRw": 1, "Mounts": [{"Name": "data"}]},
        {"Id": "c", "State": "running", "SizeRw": 5},
    ]
    found = biggest_writer(rows, {"data": 10})
    assert found is not None
    assert (found.engine_id, found.size) == ("b", 11)
    assert biggest_writer(rows[:1], {}) is None


def test_a_file_with_two_names_counts_once_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"x" * 8192)
    once = disk_usage(tmp_path)
    os.link(tmp_path / "one", tmp_path / "two")
    (tmp_path / "away").symlink_to("/usr")
    assert disk_usage(tmp_path) - once < 4096
    assert once >= 8192
