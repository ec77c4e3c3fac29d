"""What the tests of streams share: a session without an engine, and two sessions on each engine of the matrix."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from scopes import open_scope
from stream_bench import Bench, bench_on

from course.gateway.scope import Scope


@pytest.fixture
def scope(tmp_path: Path) -> Iterator[Scope]:
    """A session whose base images have ids of one digit: busybox 000…, python 111…"""
    with open_scope(tmp_path, "a00000000001") as one:
        yield one


@pytest.fixture
def bench(engine: docker.DockerClient, engine_url: str, tmp_path: Path) -> Iterator[Bench]:
    """The first engine."""
    yield from bench_on(engine, tmp_path)


@pytest.fixture
def bench13(engine13_url: str, tmp_path: Path) -> Iterator[Bench]:
    """The engine of Debian 13."""
    client = docker.DockerClient(engine13_url, version="auto", timeout=120)
    yield from bench_on(client, tmp_path)
    client.close()


@pytest.fixture
def bench13_containerd(engine13_containerd_url: str, tmp_path: Path) -> Iterator[Bench]:
    """The engine of Debian 13 with the containerd image store, where an image's id is the digest of its manifest."""
    client = docker.DockerClient(engine13_containerd_url, version="auto", timeout=120)
    yield from bench_on(client, tmp_path)
    client.close()


@pytest.fixture(params=["bench", "bench13"])
def each_bench(request: pytest.FixtureRequest) -> Bench:
    """Each engine in turn."""
    found: Bench = request.getfixturevalue(request.param)
    return found
