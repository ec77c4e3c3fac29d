"""Leases: a session lives as long as it is held, through the death of any party, and leaves nothing when it ends."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import docker
import pytest
from lease_holders import Holder, gateway_pid, of_session, until

from course.gateway import Client, Lease, Session, attach, journal, machine, session
from course.gateway.errors import GatewayError, NameTaken, NoSession
from course.gateway.keeping import kept, kept_line
from course.gateway.lease import workspace_name
from course.gateway.peer import identify

Hold = Callable[..., Holder]
GRADING = {"name": "g", "policy": "grading"}
CLASS = {"name": "l", "policy": "class", "find": True}


def run_web(opened: Session) -> str:
    """Start a container `web` in a session; its id."""
    with closing(docker.DockerClient(opened.url)) as client:
        return str(client.containers.run("course/busybox", "sleep 600", name="web", detach=True).id)


def is_running(engine: docker.DockerClient, engine_id: str) -> bool:
    """Whether that very container runs on the engine."""
    return any(c["Id"] == engine_id for c in engine.api.containers())


def test_a_session_is_removed_at_the_end_of_its_block(gateway: Client, engine: docker.DockerClient) -> None:
    with session("class") as opened:
        run_web(opened)
        assert of_session(engine, opened.id)
    assert of_session(engine, opened.id) == []
    assert gateway.sessions() == []


def test_a_grading_session_ends_with_the_kill_of_its_holder(
    gateway: Client, engine: docker.DockerClient, hold: Hold
) -> None:
    holder = hold(GRADING)
    run_web(holder.session)
    holder.kill()
    until(lambda: not of_session(engine, holder.session.id), "the session was not removed")
    until(lambda: not gateway.sessions(), "the session is still open")


def test_a_forked_child_does_not_keep_its_dead_parents_lease(
    gateway: Client, engine: docker.DockerClient, hold: Hold
) -> None:
    holder = hold(GRADING, "fork")
    try:
        holder.kill()
        until(lambda: not of_session(engine, holder.session.id), "the child's copy of the connection kept the session")
        os.kill(holder.child, 0)
    finally:
        holder.end_child()


def last_used(gateway: Client, days_ago: float) -> None:
    """Let the ledger of a gateway that is not running say when its kept sessions were used."""
    with closing(sqlite3.connect(gateway.home.state / "ledger.db")) as ledger, ledger:
        ledger.execute("UPDATE objects SET value = ? WHERE kind = 'used'", (str(time.time() - days_ago * 86_400),))


def test_a_workspaces_session_stays_for_a_week_without_use(
    gateway: Client, engine: docker.DockerClient, tmp_path: Path
) -> None:
    with attach(tmp_path) as lease:
        engine_id = run_web(lease.session)
    gateway.stop()
    last_used(gateway, days_ago=6)
    assert gateway.sweep() == []
    with attach(tmp_path) as again:
        assert again.session == lease.session
        assert is_running(engine, engine_id)
    gateway.stop()
    last_used(gateway, days_ago=8)
    gateway.status()
    until(lambda: not of_session(engine, lease.session.id), "the session outlived its week")
    assert any("nobody used it" in entry.message for entry in journal(lease.session))


def test_how_long_a_session_is_kept_is_a_setting(
    gateway: Client, engine: docker.DockerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_KEEP_DAYS", "0.00001")
    with attach(tmp_path) as lease:
        run_web(lease.session)
    until(lambda: not of_session(engine, lease.session.id), "the session was kept for longer than was set")


def test_a_grading_session_is_never_kept(gateway: Client, engine: docker.DockerClient, hold: Hold) -> None:
    holder = hold({**GRADING, "keep": 1e6})
    run_web(holder.session)
    holder.kill()
    until(lambda: not of_session(engine, holder.session.id), "the session was kept")


def test_the_gateway_of_kept_sessions_that_rest_ends_and_the_next_one_has_them(
    gateway: Client, engine: docker.DockerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_GATEWAY_IDLE", "0.1")
    with attach(tmp_path) as lease, closing(docker.DockerClient(lease.session.url)) as client:
        made = client.containers.create("course/busybox", "true", name="rests").id
        process = identify(gateway_pid(gateway))
    until(lambda: not process.alive(), "the gateway stayed for a session that nobody uses")
    assert kept(lease.session.name) == {"container": 1}
    assert f"1 container; `course session end {lease.session.name}`" in kept_line(workspace_name(tmp_path))
    with attach(tmp_path) as again, closing(docker.DockerClient(again.session.url)) as client:
        assert again.session == lease.session
        assert client.containers.get("rests").id == made
        gateway.end(again.session.id)
    assert kept_line(workspace_name(tmp_path)) == ""


def test_a_learners_session_outlives_its_kernel(gateway: Client, engine: docker.DockerClient, tmp_path: Path) -> None:
    first = attach(tmp_path)
    engine_id = run_web(first.session)
    first.release()
    until(lambda: gateway.show(first.session.id)["leases"] == 0, "the lease was not given back")
    with attach(tmp_path) as second:
        assert second.session == first.session
        assert is_running(engine, engine_id)
    with attach(tmp_path / "elsewhere") as other:
        assert other.session.id != first.session.id


def test_a_killed_gateway_costs_a_live_session_nothing(
    gateway: Client, engine: docker.DockerClient, hold: Hold
) -> None:
    holder = hold(GRADING)
    engine_id = run_web(holder.session)
    killed = gateway_pid(gateway)
    os.kill(killed, signal.SIGKILL)
    until(lambda: gateway_pid(gateway) != killed, "the holder did not start the next gateway")
    facts = until(lambda: gateway.show(holder.session.id), "the session was not adopted")
    assert facts["url"] == holder.session.url
    assert is_running(engine, engine_id)
    with closing(docker.DockerClient(holder.session.url)) as client:
        assert client.containers.get("web").id == engine_id
    until(lambda: gateway.show(holder.session.id)["leases"] == 1, "the holder did not take its lease again")
    holder.kill()
    until(lambda: not of_session(engine, holder.session.id), "the adopted session was not removed")


def test_the_next_gateway_sweeps_when_holder_and_gateway_were_killed(
    gateway: Client, engine: docker.DockerClient, hold: Hold
) -> None:
    holder = hold(GRADING)
    run_web(holder.session)
    os.kill(gateway_pid(gateway), signal.SIGKILL)
    holder.kill()
    gateway.status()  # any call starts the next gateway
    until(lambda: not of_session(engine, holder.session.id), "the session was not swept")


def test_a_learners_session_is_found_again_after_the_kill_of_all(
    gateway: Client, engine: docker.DockerClient, hold: Hold
) -> None:
    holder = hold(CLASS)
    engine_id = run_web(holder.session)
    os.kill(gateway_pid(gateway), signal.SIGKILL)
    holder.kill()
    again = hold(CLASS)
    assert again.session == holder.session
    assert is_running(engine, engine_id)


def test_a_stopped_gateway_leaves_its_sessions_to_the_next(
    gateway: Client, engine: docker.DockerClient, hold: Hold
) -> None:
    opened = gateway.open("kept", "class")
    engine_id = run_web(opened)
    gateway.stop()
    assert is_running(engine, engine_id)
    assert gateway.show("kept")["url"] == opened.url
    gateway.end("kept")
    assert of_session(engine, opened.id) == []


def test_a_stopped_gateway_leaves_a_held_grading_session_to_the_next(
    gateway: Client, engine: docker.DockerClient, hold: Hold
) -> None:
    holder = hold(GRADING)
    engine_id = run_web(holder.session)
    gateway.stop()
    until(lambda: gateway.show(holder.session.id)["leases"] == 1, "the holder did not take its lease again")
    assert is_running(engine, engine_id)


def test_a_session_ends_with_its_lifetime_also_when_it_is_held(
    gateway: Client, engine: docker.DockerClient, hold: Hold
) -> None:
    holder = hold(GRADING)
    run_web(holder.session)
    gateway.stop()
    with closing(sqlite3.connect(gateway.home.state / "ledger.db")) as ledger, ledger:
        ledger.execute("UPDATE sessions SET created = 1")
    gateway.status()
    until(lambda: not of_session(engine, holder.session.id), "the session outlived its lifetime")
    assert any("lifetime is over" in entry.message for entry in journal(holder.session))


def test_a_name_is_open_once(gateway: Client) -> None:
    gateway.open("one", "class")
    with pytest.raises(NameTaken):
        gateway.open("one", "class")
    with pytest.raises(GatewayError):
        gateway.open("../x", "class")
    with pytest.raises(GatewayError):
        gateway.open("two", "root")
    gateway.end("one")
    with pytest.raises(NoSession):
        gateway.end("one")


def test_a_machine_ends_with_the_session_of_its_learner(gateway: Client, engine: docker.DockerClient) -> None:
    with session("class") as opened:
        colleague = machine(opened, "colleague")
        assert machine(opened, "colleague") == colleague
        assert colleague.id != opened.id
        run_web(colleague)
        run_web(opened)
        facts = {facts["id"]: facts["family"] for facts in gateway.sessions()}
        assert facts == {opened.id: opened.id, colleague.id: opened.id}
    assert of_session(engine, colleague.id) == []
    assert gateway.sessions() == []


def test_machines_are_adopted_too(gateway: Client, engine: docker.DockerClient, hold: Hold) -> None:
    holder = hold(GRADING)
    colleague = machine(holder.session, "colleague")
    engine_id = run_web(colleague)
    os.kill(gateway_pid(gateway), signal.SIGKILL)
    assert {facts["id"] for facts in gateway.sessions()} == {holder.session.id, colleague.id}
    assert is_running(engine, engine_id)
    holder.kill()
    until(lambda: not of_session(engine, colleague.id), "the machine outlived its session")


def test_a_lease_tells_why_its_session_ended(gateway: Client) -> None:
    lease = Lease(gateway, {"name": "x", "policy": "class"})
    gateway.end("x")
    assert until(lambda: lease.ended, "the lease did not notice") == "it was ended"
    assert "ended" in repr(lease)
    lease.release()


def test_a_process_in_a_session_attaches_to_that_session(
    gateway: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with session("class") as opened:
        monkeypatch.setenv("SLIPWAY_SESSION", opened.id)
        with attach(tmp_path) as lease:
            assert lease.session == opened


def test_many_clients_start_one_gateway(gateway: Client, hold: Hold) -> None:
    holders = [hold({"name": f"n{number}", "policy": "class"}) for number in range(4)]
    assert len({holder.session.id for holder in holders}) == 4
    running = [path for path in Path("/proc").glob("[0-9]*/cmdline") if _is_gateway(path, gateway.home.engine)]
    states = [(path.parent / "environ").read_text() for path in running]
    assert sum(f"SLIPWAY_STATE_DIR={os.environ['SLIPWAY_STATE_DIR']}\0" in state for state in states) == 1


def _is_gateway(cmdline: Path, engine: str) -> bool:
    try:
        return f"course.gateway.daemon\0{engine}" in cmdline.read_text()
    except OSError:
        return False


def test_the_sockets_are_for_this_user_only(gateway: Client) -> None:
    opened = gateway.open("x", "class")
    for path in (Path(opened.url.removeprefix("unix://")), gateway.home.control_socket()):
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")
def test_another_user_is_turned_away_even_where_modes_do_not_hold(gateway: Client) -> None:
    gateway.status()
    path = gateway.home.control_socket()
    opened = [*path.parents[:3], path]
    modes = [one.stat().st_mode & 0o777 for one in opened]
    ask = f"import os, socket; os.setuid(65534); s = socket.socket(socket.AF_UNIX); s.connect({str(path)!r}); "
    ask += "s.sendall(b'GET /sessions HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'); print(s.recv(100).decode())"
    try:
        for one in opened:
            one.chmod(0o777)
        done = subprocess.run([sys.executable, "-S", "-c", ask], capture_output=True, text=True, check=False)
    finally:
        for one, mode in zip(opened, modes, strict=True):
            one.chmod(mode)
    assert done.stdout.startswith("HTTP/1.1 403"), done.stderr


def test_fifty_sessions_are_opened_at_once(gateway: Client, engine: docker.DockerClient) -> None:
    with ThreadPoolExecutor(10) as pool:
        opened = list(pool.map(lambda number: gateway.open(f"n{number}", "class"), range(50)))
        sids = {one.id for one in opened}  # other tests' sessions may still be in their grace
        subnets = {
            network["IPAM"]["Config"][0]["Subnet"]
            for network in engine.api.networks(filters={"label": "org.slipway.session"})
            if network["Labels"]["org.slipway.session"] in sids
        }
        assert len(sids) == 50 == len(subnets)
        list(pool.map(lambda one: gateway.end(one.id), opened))
    assert gateway.sessions() == []
