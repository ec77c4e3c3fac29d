"""Facts read alike from each engine of the matrix."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing

import docker
import pytest

from course.engine import container_fact, descends_from, image_fact
from course.engine.errors import ImageMissing

RECIPE = b"""FROM course/busybox
ENV GREETING=hello
WORKDIR /shop
RUN echo one > one
RUN rm one
LABEL topic=facts
EXPOSE 8000
USER app
ENTRYPOINT ["sh", "-c"]
CMD ["sleep 60"]
"""


@pytest.fixture(scope="module")
def client(each_engine_url: str) -> Iterator[docker.DockerClient]:
    with closing(docker.DockerClient(base_url=each_engine_url, version="auto", timeout=120)) as client:
        yield client


@pytest.fixture(scope="module")
def built(client: docker.DockerClient) -> Iterator[str]:
    image, _ = client.images.build(fileobj=io.BytesIO(RECIPE), tag="facts-of:1", rm=True, forcerm=True)
    yield image.id
    client.images.remove("facts-of:1", force=True)


def test_an_image_is_read_whole(client: docker.DockerClient, built: str) -> None:
    fact = image_fact(client, "facts-of:1")
    assert fact.id == built
    assert fact.tags == ("facts-of:1",)
    assert (fact.user, fact.working_dir, fact.exposed_ports) == ("app", "/shop", ("8000/tcp",))
    assert (fact.entrypoint, fact.command) == (("sh", "-c"), ("sleep 60",))
    assert fact.environment["GREETING"] == "hello"
    assert fact.labels["topic"] == "facts"


def test_each_layer_knows_its_instruction(client: docker.DockerClient, built: str) -> None:
    fact = image_fact(client, built)
    by_layer = [layer.instruction for layer in fact.layers if layer.diff_id]
    assert len(fact.diff_ids) == len(by_layer) == 4  # the base, WORKDIR, and the two RUNs
    assert "WORKDIR" in by_layer[1] and "echo one" in by_layer[2] and "rm one" in by_layer[3]
    assert all(layer.diff_id is None for layer in fact.layers if "LABEL" in layer.instruction)


def test_ancestry_is_by_layers(client: docker.DockerClient, built: str) -> None:
    image, base, other = (image_fact(client, ref) for ref in (built, "course/busybox", "course/python"))
    assert descends_from(image, base)
    assert not descends_from(image, other)
    assert not descends_from(base, image)


def test_a_container_is_read_through_its_life(client: docker.DockerClient, built: str) -> None:
    container = client.containers.create(built, ["exit 7"], ports={"8000/tcp": ("127.0.0.1", None)}, name="facts-life")
    try:
        created = container_fact(client, "facts-life")
        assert (created.status, created.running, created.exit_code) == ("created", False, None)
        container.start()
        container.wait()
        ended = container_fact(client, container.id[:12])
        assert (ended.status, ended.running, ended.exit_code) == ("exited", False, 7)
        assert (ended.name, ended.image_id, ended.command) == ("facts-life", built, ("sh", "-c", "exit 7"))
    finally:
        container.remove(force=True, v=True)


def test_addresses_and_ports_of_a_running_container(client: docker.DockerClient, built: str) -> None:
    container = client.containers.run(built, detach=True, ports={"8000/tcp": ("127.0.0.1", None)})
    try:
        fact = container_fact(client, container.id)
        assert fact.running
        assert list(fact.addresses) == ["bridge"]
        assert [address.split(":")[0] for address in fact.ports["8000/tcp"]] == ["127.0.0.1"]
    finally:
        container.remove(force=True, v=True)


def test_a_missing_image_is_named(client: docker.DockerClient) -> None:
    with pytest.raises(ImageMissing):
        image_fact(client, "no-such-image:1")
