"""kill -9 of each party at random moments; afterwards nothing is left, and no live session lost anything."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress

import docker
import pytest

from course.gateway import Client, Session, session

KILLS = int(os.environ.get("SLIPWAY_CHAOS_KILLS", "40"))  # `make chaos` makes it 200

HOLDER = """
import sys, docker
from course.gateway import session
with session(policy="grading") as s:  # no grace: what its dead holder made goes at once
    client = docker.DockerClient(base_url=s.url, version="1.41")
    print(s.id, flush=True)
    number = 0
    while True:
        number += 1
        container = client.containers.create("course/busybox", ["sleep", "60"], name=f"c{number}")
        if number % 3 == 0:
            container.start()
        volume = client.volumes.create(f"v{number}")
        print(number, flush=True)
        container.remove(force=True)
        volume.remove()
"""


@pytest.fixture
def keeper(engine_url: str) -> Iterator[Session]:
    """A live session that must lose nothing, whoever else dies."""
    with session(name="keeper") as opened:
        yield opened


def owned(engine: docker.DockerClient, sid: str) -> list[str]:
    """Names of what a session has on the engine."""
    api = engine.api
    named = [c["Names"][0] for c in api.containers(all=True)] + [v["Name"] for v in api.volumes()["Volumes"] or ()]
    named += [n["Name"] for n in api.networks()] + [t for i in api.images() for t in i["RepoTags"] or ()]
    return [name for name in named if sid in name]


def until_nothing_is_left(engine: docker.DockerClient, sids: list[str], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while left := [name for sid in sids for name in owned(engine, sid)]:
        assert time.monotonic() < deadline, left
        with suppress(Exception):
            Client().status()  # whoever asks next starts the gateway again
        time.sleep(0.2)


def holder() -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_nothing_is_left_and_nothing_is_lost(keeper: Session, engine: docker.DockerClient) -> None:
    choose = random.Random(20261123)
    with closing(docker.DockerClient(base_url=keeper.url, version="1.41", timeout=120)) as client:
        kept = client.containers.run("course/busybox", ["sleep", "3600"], name="kept", detach=True)
        client.volumes.create("kept-data")
        dead: list[str] = []
        for _ in range(KILLS // 2):
            process, sid = holder()
            assert sid
            dead.append(sid)
            assert process.stdout is not None
            for _ in range(choose.randrange(4)):  # a random moment, counted in what the holder has done
                process.stdout.readline()
            victims = choose.choice((("holder",), ("gateway",), ("holder", "gateway"), ("gateway", "holder")))
            for victim in victims:
                pid = process.pid if victim == "holder" else int(Client().status()["pid"])
                os.kill(pid, signal.SIGKILL)
            if "holder" not in victims:
                process.kill()
            process.wait()
            process.stdout.close()
            Client().status()  # starts the gateway again where it was killed
            if len(dead) % 10 == 0:
                kept.reload()
                assert kept.status == "running"
        assert [c.name for c in client.containers.list()] == ["kept"]
        assert [v.name for v in client.volumes.list()] == ["kept-data"]
        kept.reload()
        assert kept.attrs["State"]["Running"] and kept.attrs["RestartCount"] == 0
    until_nothing_is_left(engine, dead, 120)
