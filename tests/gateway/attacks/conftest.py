"""In this folder one world serves many cases, so what is left is counted when the world has ended."""

from __future__ import annotations

from collections.abc import Iterator

import docker
import pytest


@pytest.fixture(autouse=True)
def _nothing_stays_behind() -> None:
    """The check of each single test, replaced by the one below."""


@pytest.fixture(autouse=True, scope="module")
def _nothing_stays_behind_of_a_module(engine: docker.DockerClient) -> Iterator[None]:
    def ids() -> set[str]:
        api = engine.api
        return (
            {c["Id"] for c in api.containers(all=True)}
            | {i["Id"] for i in api.images(all=True)}
            | {v["Name"] for v in api.volumes()["Volumes"] or ()}
            | {n["Id"] for n in api.networks()}
        )

    before = ids()
    yield
    assert ids() - before == set(), "the sessions of this module left something on the engine"
