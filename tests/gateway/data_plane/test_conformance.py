"""Each call of docker-py, on the bare engine and through a session, with equal results; on each engine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing

import docker
import pytest
from docker_py_calls import SCENARIOS
from matrix import ENGINES

from course.gateway import Client, Lease

# The store of images makes no difference to the rest, which the same engine is asked with its own store.
OF_IMAGES = (
    "an_image_in_use_stays", "base_images_are_listed", "build_again_uses_the_cache", "build_and_look",
    "build_that_fails", "commit", "create_inspect_remove", "list_and_filter", "prune_images", "prune_named_images",
    "save_and_load",
    "tag_and_remove", "unknown_objects",
)  # fmt: skip
WHOLE = os.environ.get("SLIPWAY_CONFORMANCE") == "all"
CALLS = [
    pytest.param(engine, name, id=f"{engine}-{name}")
    for engine in ENGINES
    for name in sorted(SCENARIOS)
    if WHOLE or not engine.endswith("-containerd") or name in OF_IMAGES
]


@pytest.fixture(scope="module")
def both(request: pytest.FixtureRequest, engine: str) -> Iterator[tuple[docker.DockerClient, docker.DockerClient]]:
    """docker-py on an engine, and in a session on that engine, both by the API version that the session offers.

    A newer version adds keys to answers (`Descriptor` from 1.48 on), which a client of the session doesn't ask for.
    """
    url = str(request.getfixturevalue(ENGINES[engine]))
    gateway = Client(url)
    lease = Lease(gateway, {"name": "conformance", "policy": "class"})
    try:
        with (
            closing(docker.DockerClient(base_url=lease.session.url, version="auto", timeout=60)) as through,
            closing(docker.DockerClient(base_url=url, version=through.api.api_version, timeout=60)) as bare,
        ):
            yield bare, through
    finally:
        lease.end()


@pytest.mark.parametrize(("engine", "name"), CALLS, scope="module")
def test_a_call_gives_the_same_through_a_session(
    engine: str, name: str, both: tuple[docker.DockerClient, docker.DockerClient]
) -> None:
    bare, through = both
    assert SCENARIOS[name](through) == SCENARIOS[name](bare)
