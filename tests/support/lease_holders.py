"""Holders of leases as real processes, and what a session has on the engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import docker

from course.gateway import Client, Session

HOLDER = """
import json, sys, os, time
from course.gateway import Client, Lease
lease = Lease(Client(), json.loads(sys.argv[1]))
print(json.dumps({"id": lease.session.id, "name": lease.session.name, "policy": lease.session.policy,
                  "url": lease.session.url, "engine": lease.session.engine}), flush=True)
if "fork" in sys.argv and os.fork() == 0:
    print(os.getpid(), flush=True)
    time.sleep(600)
sys.stdin.read()
"""


def until(what: Callable[[], Any], why: str, seconds: float = 30.0) -> Any:
    """Poll until `what` gives something true, and give it back; fail with `why` at the deadline."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError(why)


def gateway_pid(client: Client) -> int:
    """The gateway's process id, as it announced it."""
    return int((client.home.announcement() or {})["pid"])


class Holder:
    """A process that holds a lease; `kill` ends it as a crash would."""

    def __init__(self, asked: dict[str, Any], *flags: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, json.dumps(asked), *flags],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(os.environ),
        )
        assert self.process.stdout
        self.session = Session(**json.loads(self.process.stdout.readline()))
        self.child = int(self.process.stdout.readline()) if "fork" in flags else 0

    def kill(self) -> None:
        """End it with SIGKILL and wait."""
        self.process.kill()
        self.close()

    def close(self) -> None:
        """End it, whatever its state."""
        if self.process.poll() is None:
            self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
        self.process.wait()

    def end_child(self) -> None:
        """End the forked child."""
        if self.child:
            os.kill(self.child, signal.SIGKILL)


def of_session(engine: docker.DockerClient, sid: str) -> list[str]:
    """What a session has on the engine: containers, networks and volumes by label, image tags by prefix."""
    labelled = {"label": f"org.slipway.session={sid}"}
    found = [f"container {c['Id'][:12]}" for c in engine.api.containers(all=True, filters=labelled)]
    found += [f"network {n['Name']}" for n in engine.api.networks(filters=labelled)]
    found += [f"volume {v['Name']}" for v in engine.api.volumes(filters=labelled).get("Volumes") or ()]
    tags = [tag for image in engine.api.images() for tag in image.get("RepoTags") or ()]
    return found + [tag for tag in tags if tag.startswith(f"slipway.invalid/{sid}/")]
