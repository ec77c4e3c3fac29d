"""While a check runs the learner's door answers nothing, and what the check made the learner never sees."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import APIError, NotFound

from course.gateway import Client, Session, journal
from course.gateway.client import CHECKS, DOOR
from course.gateway.pause import Pause

DEAF = ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"]
WAITS = ["sleep", "600"]


@pytest.fixture
def session(gateway: Client) -> Session:
    return gateway.open("examined", "grading")


@contextmanager
def client(url: str) -> Iterator[docker.DockerClient]:
    with closing(docker.DockerClient(base_url=url, version="auto", timeout=60)) as made:
        yield made


def test_a_call_that_comes_meanwhile_waits_for_the_end(gateway: Client, session: Session) -> None:
    with client(session.url) as learner, client(session.checks_url) as checks, ThreadPoolExecutor(1) as thread:
        with gateway.paused(session.id):
            asked = thread.submit(learner.containers.run, "course/busybox", WAITS, name="late", detach=True)
            for _ in range(20):
                assert checks.containers.list(all=True) == []
            assert not asked.done()
            resumed = time.time()
        asked.result()
    (created,) = [one for one in journal(session) if one.route == "container.create"]
    assert created.decision == "allowed" and created.time >= resumed


def test_what_came_before_is_waited_for(gateway: Client, session: Session) -> None:
    with client(session.url) as learner, client(session.checks_url) as checks, ThreadPoolExecutor(1) as thread:
        box = learner.containers.run("course/busybox", DEAF, name="stubborn", detach=True)
        watch = learner.events(decode=True, filters={"container": box.id, "event": "kill"})
        stop = thread.submit(box.stop, timeout=2)
        next(watch)  # the engine has it in hand
        watch.close()
        with gateway.paused(session.id):
            assert checks.containers.get("stubborn").status == "exited"
        stop.result()


def test_a_call_that_never_ends_is_broken_off() -> None:
    """Its body never comes, say. Work that goes on without its client is not cancelled, and calls that read go on."""

    async def scene() -> None:
        pause, ended = Pause(), asyncio.Event()

        async def call(*, reads: bool = False) -> None:
            await pause.enter()
            if reads:
                pause.leave()
            await ended.wait()

        stuck, reading = asyncio.create_task(call()), asyncio.create_task(call(reads=True))
        work = asyncio.create_task(ended.wait())
        pause.completing(work)
        await asyncio.sleep(0)
        await pause.begin(patience=0.01)
        assert stuck.cancelled() and not reading.done() and not work.done()
        held = asyncio.create_task(call())
        await asyncio.sleep(0)
        assert "on, 0 calls" in repr(pause)
        pause.end()
        ended.set()
        await asyncio.gather(held, reading, work)

    asyncio.run(scene())


def test_what_checks_make_is_never_seen(gateway: Client, session: Session) -> None:
    begun = time.time()
    with client(session.url) as learner, client(session.checks_url) as checks:
        web = learner.containers.run("course/busybox", WAITS, name="web", detach=True)
        with gateway.paused(session.id):
            made = checks.containers.run("course/busybox", WAITS, environment={"S": "secret"}, detach=True)
            exec_id = checks.api.exec_create(web.id, ["echo", "secret"])["Id"]
            checks.api.exec_start(exec_id)
            assert not checks.api.exec_inspect(exec_id)["Running"]
            checks.api.kill(web.id)
            checks.api.start(web.id)
        with_it = checks.containers.list(all=True)
        assert {one.id for one in with_it} == {web.id, made.id}

        assert [one.id for one in learner.containers.list(all=True)] == [web.id]
        assert learner.info()["Containers"] == 1
        for call in _calls_on(learner, made.id, exec_id):
            with pytest.raises((NotFound, APIError)) as refused:
                call()
            assert refused.value.status_code == 404, call
        assert checks.containers.get(made.id).status == "running"
        assert not learner.api.inspect_container(web.id)["ExecIDs"]
        assert list(learner.networks.get("bridge").attrs["Containers"] or {}) in ([], [web.id])
        made.remove(force=True)
        told = list(learner.events(since=int(begun) - 1, until=int(time.time()) + 1, decode=True))
    assert any(one["Actor"]["ID"] == web.id for one in told)
    assert not any(one["Action"].startswith(("exec", "kill")) or made.id in str(one) for one in told)
    mine = [one for one in journal(session) if one.route == "exec.create"]
    assert [one.decision for one in mine] == ["check", "unknown"]  # the second is the learner's, who sees no such thing


def _calls_on(learner: docker.DockerClient, container: str, exec_id: str) -> list[Callable[[], Any]]:
    api = learner.api
    on_container = (api.inspect_container, api.logs, api.top, api.stop, api.kill, api.diff, api.start)
    calls: list[Callable[[], Any]] = [lambda call=call: call(container) for call in on_container]  # type: ignore[misc]
    return [
        *calls,
        lambda: list(api.export(container)),
        lambda: api.inspect_container(container[:12]),
        lambda: api.remove_container(container, force=True),
        lambda: api.exec_create(container, ["env"]),
        lambda: api.rename(container, "mine"),
        lambda: api.commit(container),
        lambda: api.exec_inspect(exec_id),
        lambda: api.exec_start(exec_id),
        lambda: api.create_container(
            "course/busybox", host_config=api.create_host_config(network_mode=f"container:{container}")
        ),
    ]


def test_a_command_that_a_check_gave_up_on_is_ended(gateway: Client, session: Session) -> None:
    with client(session.url) as learner, client(session.checks_url) as checks:
        web = learner.containers.run("course/busybox", WAITS, name="web", detach=True)
        with gateway.paused(session.id):
            exec_id = checks.api.exec_create(web.id, ["sh", "-c", "echo begun; sleep 900"])["Id"]
            stream = checks.api.exec_start(exec_id, stream=True)
            assert b"begun" in next(stream)
            stream.close()
            assert checks.api.exec_inspect(exec_id)["Running"]
        seen = [" ".join(row) for row in learner.api.top(web.id)["Processes"]]
        assert any("600" in row for row in seen) and not any("echo begun" in row for row in seen)


def test_a_machine_of_the_same_learner_is_paused_too(
    gateway: Client, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = gateway.machine(session.id, "colleague")
    monkeypatch.setenv(DOOR, CHECKS)
    for_checks = gateway.machine(session.id, "colleague")
    assert for_checks.url == second.checks_url != second.url
    with client(second.url) as learner, client(for_checks.url) as checks, ThreadPoolExecutor(1) as thread:
        with gateway.paused(session.id):
            asked = thread.submit(learner.containers.list)
            assert checks.containers.list() == [] and not asked.done()
        assert asked.result() == []


def test_only_where_marks_count_there_is_a_second_door(gateway: Client) -> None:
    opened = gateway.open("at-home", "class")
    assert opened.checks_url == ""
    assert not list(Path(opened.url.removeprefix("unix://")).parent.glob(f"{opened.id}.c.sock"))
