"""What waits (systemd, a connect in another namespace) does not wait on the loop; failures are told in three parts."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from course.gateway.cgroups import Slices
from course.gateway.client import Client, _UnixConnection
from course.gateway.errors import GatewayError, in_one_line, translated
from course.gateway.home import Home
from course.gateway.netns import NetworkNamespace
from course.gateway.sessions import Sessions
from course.gateway.upstream import EngineUnavailable


@pytest.fixture
def home(engine_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """The folders of a gateway that runs in the test's own process."""
    folder = Path(tempfile.mkdtemp(prefix="sww", dir="/tmp"))
    monkeypatch.setenv("SLIPWAY_STATE_DIR", str(folder / "s"))
    monkeypatch.setenv("SLIPWAY_RUNTIME_DIR", str(folder / "r"))
    yield Home.of(engine_url)
    shutil.rmtree(folder)


def test_a_systemd_that_takes_its_time_holds_up_nobody_else(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go = tmp_path / "begun", tmp_path / "go"
    os.mkfifo(go)
    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.parent.mkdir()
    systemctl.write_text(f"#!/bin/sh\n[ -e {begun} ] && exit 0\ntouch {begun}\nread _ < {go}\n")
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{systemctl.parent}:{os.environ['PATH']}")

    async def scenario() -> None:
        sessions = Sessions(home)
        await sessions.start()
        sessions._around.cgroups = Slices("test")
        opening = asyncio.create_task(sessions.open("slow", "class"))
        while not begun.exists():
            await asyncio.sleep(0.01)
        assert not opening.done() and sessions.status()["sessions"] == 0
        go.write_text("\n")  # by this loop: it is free, or this line is never reached
        await opening
        await sessions.end_all("the test is over")
        await sessions.close()

    asyncio.run(asyncio.wait_for(scenario(), 60))


@pytest.mark.skipif(os.geteuid() != 0, reason="another network namespace needs root")
def test_a_connect_that_hangs_in_another_namespace_holds_up_nobody_else(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    monkeypatch.setattr(NetworkNamespace, "__init__", lambda self, path: setattr(self, "_fd", -1))
    monkeypatch.setattr(NetworkNamespace, "check", lambda self: go.wait(30) or pytest.fail("the loop waited"))

    async def scenario() -> None:
        sessions = Sessions(home)
        await sessions.start()
        live = await sessions.open("slow", "class")
        opening = asyncio.create_task(sessions.open_ports_in(live, Path(f"/proc/{os.getpid()}/ns/net")))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(go.set)
        assert await opening == []
        await sessions.end_all("the test is over")
        await sessions.close()

    asyncio.run(asyncio.wait_for(scenario(), 60))


def test_a_systemctl_that_is_not_there_is_an_error_in_three_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(GatewayError) as failed:
        Slices("test").sids()
    assert "systemctl" in failed.value.expected and "repeat" in failed.value.try_next


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "room on the disk"),
        (OSError(errno.EMFILE, "Too many open files"), "a descriptor"),
        (sqlite3.OperationalError("disk I/O error"), "a ledger"),
        (EngineUnavailable("the engine does not answer on its socket"), "an engine that answers"),
        (RuntimeError("never seen"), "a gateway that can do this"),
    ],
)
def test_every_failure_is_one_of_the_tree(error: Exception, expected: str) -> None:
    told = translated(error)
    assert told.expected.startswith(expected) and told.observed and told.try_next
    assert "never seen" not in in_one_line(told), "what nobody foresaw may hold secrets: it stays in the log"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("GET", "/nowhere", ""), ("POST", "/sessions", "[]"), ("POST", "/sessions", "no JSON"), ("POST", "/lease", "7")],
)
def test_the_control_api_answers_nonsense_in_three_parts(gateway: Client, method: str, path: str, body: str) -> None:
    gateway.status()
    connection = _UnixConnection(gateway.home.control_socket())
    with pytest.raises(GatewayError, match="a request of this version's client"):
        gateway._request(connection, method, path, body or None)


def test_a_ledger_that_cannot_be_written_is_told_in_three_parts(gateway: Client) -> None:
    opened = gateway.open("full", "class")
    ledger = gateway.home.state / "ledger.db"
    with sqlite3.connect(ledger) as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON sessions BEGIN SELECT RAISE(FAIL, 'disk full'); END")
    with pytest.raises(GatewayError, match="disk full") as failed:
        gateway.open("one-more", "class")
    assert "ledger" in failed.value.expected
    other.close()
    assert gateway.show("full")["id"] == opened.id
