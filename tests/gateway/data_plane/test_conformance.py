"""Each call of docker-py, on the bare engine and through a session, with equal results; on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import docker
import pytest
from docker_py_calls import SCENARIOS

from course.gateway import Client, Lease


@pytest.fixture(scope="module", params=["engine_url", "engine13_url"], ids=["debian12", "debian13"])
def both(request: pytest.FixtureRequest) -> Iterator[tuple[docker.DockerClient, docker.DockerClient]]:
    """docker-py on an engine, and in a session on that engine."""
    url = str(request.getfixturevalue(request.param))
    gateway = Client(url)
    lease = Lease(gateway, {"name": "conformance", "policy": "learner"})
    try:
        with (
            closing(docker.DockerClient(base_url=url, version="auto", timeout=60)) as bare,
            closing(docker.DockerClient(base_url=lease.session.url, version="auto", timeout=60)) as through,
        ):
            yield bare, through
    finally:
        lease.end()


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_a_call_gives_the_same_through_a_session(
    name: str, both: tuple[docker.DockerClient, docker.DockerClient]
) -> None:
    bare, through = both
    assert SCENARIOS[name](through) == SCENARIOS[name](bare)
