"""The contract holds on each engine of the matrix, and a base is made again there without a network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import docker
import pytest

from course.images import BASES, ensure, look, verify
from course.images.adapt import adapt


@pytest.fixture(scope="module")
def client(each_engine_url: str) -> Iterator[docker.DockerClient]:
    with closing(docker.DockerClient(base_url=each_engine_url, version="auto", timeout=120)) as client:
        yield client


@pytest.mark.parametrize("name", BASES)
def test_a_base_keeps_the_contract(name: str, client: docker.DockerClient) -> None:
    verdict = verify(client, BASES[name])
    assert verdict.version and client.containers.list(all=True, filters={"ancestor": f"course/{name}"}) == []


def test_a_candidate_made_of_a_base_keeps_it_too(client: docker.DockerClient, fresh_state: Path) -> None:
    recipe = BASES["python"]
    adapt(client, recipe.image, recipe, "engine")
    try:
        assert verify(client, recipe, recipe.candidate).name == "python"
    finally:
        client.images.remove(recipe.candidate)


def test_what_is_there_is_looked_at_only(client: docker.DockerClient, fresh_state: Path) -> None:
    before = [look(client, recipe).id for recipe in BASES.values()]
    assert [image.id for image in ensure(client, sources=[])] == before
