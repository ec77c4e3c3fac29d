"""What the gateway itself costs for the life of a container, apart from what a session asks of the engine.

Run: python tests/benchmarks/gateway_like_for_like.py [rounds]

A container of a session has limits, a parent cgroup and a network of its own, and those cost time on any engine. So a
life (create, start, wait, remove) is measured three ways in turn: on the bare socket as docker-py asks for it, on the
bare socket with what the gateway asks for it, and through the session. The gateway's own cost is the last against the
second.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import Any

import docker

from course.engine import find
from course.gateway import session
from course.gateway.policy.words import WITHOUT_NAMES

IMAGE = "course/busybox:latest"
KEPT = ("Memory", "MemorySwap", "NanoCpus", "PidsLimit", "Ulimits", "ShmSize", "LogConfig", "SecurityOpt", "CapDrop")


def life(client: docker.DockerClient, host: dict[str, Any] | None = None) -> None:
    """Create, start, wait, remove."""
    container = client.api.create_container(IMAGE, "true", host_config=host)
    client.api.start(container)
    client.api.wait(container)
    client.api.remove_container(container, v=True)


def as_the_gateway_asks(bare: docker.DockerClient, through: docker.DockerClient, network: str) -> dict[str, Any]:
    """The part of a session's container that costs time, on a network of the same kind."""
    container = through.containers.create(IMAGE, "true")
    host = bare.api.inspect_container(container.id)["HostConfig"]
    container.remove()
    return {key: host[key] for key in (*KEPT, "CgroupParent")} | {"NetworkMode": network}


def medians(rounds: int, works: dict[str, Callable[[], None]]) -> dict[str, float]:
    """Milliseconds of each work, all run in turn."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            began = time.perf_counter()
            work()
            times[name].append((time.perf_counter() - began) * 1000)
    return {name: statistics.median(values) for name, values in times.items()}


def main(rounds: int) -> None:
    """Measure once and print."""
    url = find(local_only=True).url
    with ExitStack() as stack:
        bare = stack.enter_context(closing(docker.DockerClient(base_url=url, version="1.41", timeout=300)))
        network = bare.networks.create(f"{WITHOUT_NAMES}like-for-like")
        stack.callback(network.remove)
        own = stack.enter_context(session())
        through = stack.enter_context(closing(docker.DockerClient(base_url=own.url, version="1.41", timeout=300)))
        host = as_the_gateway_asks(bare, through, network.name)
        found = medians(
            rounds,
            {
                "bare": lambda: life(bare),
                "bare, same container": lambda: life(bare, host),
                "session": lambda: life(through),
            },
        )
        print(", ".join(f"{name} {value:.1f} ms" for name, value in found.items()))
        print(f"session / bare, same container: {found['session'] / found['bare, same container']:.3f}")
        print(f"session / bare: {found['session'] / found['bare']:.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
