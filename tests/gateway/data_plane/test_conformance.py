"""Each call of docker-py, on the bare engine and through a session, with equal results."""

from __future__ import annotations

from collections.abc import Iterator

import docker
import pytest
from docker_py_calls import SCENARIOS

import course.gateway


@pytest.fixture(scope="module")
def through() -> Iterator[docker.DockerClient]:
    """docker-py in a session."""
    with course.gateway.session(name="conformance") as session:
        client = docker.DockerClient(base_url=session.url, version="auto", timeout=60)
        yield client
        client.close()


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_a_call_gives_the_same_through_a_session(
    name: str, engine: docker.DockerClient, through: docker.DockerClient
) -> None:
    assert SCENARIOS[name](through) == SCENARIOS[name](engine)
