"""Which instructions made a layer, as the image's own configuration has it, on each engine of the matrix."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing

import docker
import pytest

from course.engine.made_layers import image_with_its_layers, made_layers

RECIPE = b"""FROM course/busybox
WORKDIR /tmp
RUN mkdir /shop
RUN true
LABEL topic=layers
RUN echo one > /shop/one
"""


@pytest.fixture(scope="module")
def client(each_engine_url: str) -> Iterator[docker.DockerClient]:
    with closing(docker.DockerClient(base_url=each_engine_url, version="auto", timeout=120)) as client:
        yield client


def test_a_layer_belongs_to_the_instruction_whose_files_it_holds(client: docker.DockerClient) -> None:
    client.images.build(fileobj=io.BytesIO(RECIPE), tag="made-layers:1", rm=True, forcerm=True)
    try:
        fact = image_with_its_layers(client, "made-layers:1")
    finally:
        client.images.remove("made-layers:1", force=True)
    made = {one.instruction.removeprefix("/bin/sh -c ").strip(): one.diff_id for one in fact.layers if one.diff_id}
    assert any("mkdir /shop" in one for one in made), made
    assert any("echo one" in one for one in made), made
    assert not any("LABEL" in one or one.endswith("true") for one in made), made
    assert tuple(made.values()) == fact.diff_ids


def test_an_archive_without_the_images_configuration_tells_nothing() -> None:
    assert made_layers([b"\0" * 10240], ("sha256:1",)) == ()
    assert made_layers([b"no archive at all"], ("sha256:1",)) == ()
