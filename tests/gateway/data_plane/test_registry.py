"""Push and pull with a registry that the learner's own sessions run, shared by the learner's machines."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import docker
import pytest
import requests
from docker import errors

from course.gateway import machine, session
from course.gateway.registry_door import address

DOCKERFILE = b"FROM course/busybox\nRUN echo shipped > /cargo\n"


def client_of(url: str) -> docker.DockerClient:
    """docker-py in a session."""
    return docker.DockerClient(base_url=url, version="auto", timeout=60)


def context() -> io.BytesIO:
    """A build context of one Dockerfile."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo("Dockerfile")
        member.size = len(DOCKERFILE)
        archive.addfile(member, io.BytesIO(DOCKERFILE))
    out.seek(0)
    return out


@contextmanager
def registry_in(client: docker.DockerClient) -> Iterator[int]:
    """A running registry container; the port that it is published on."""
    container = client.containers.run("course/registry", detach=True, name="registry", ports={"5000/tcp": None})
    container.reload()
    port = int(container.ports["5000/tcp"][0]["HostPort"])
    deadline = time.monotonic() + 30
    while True:
        try:
            requests.get(f"http://127.0.0.1:{port}/v2/", timeout=2).raise_for_status()
            break
        except requests.RequestException:
            assert time.monotonic() < deadline, container.logs()
            time.sleep(0.05)
    yield port
    container.remove(force=True, v=True)


def test_an_image_goes_through_the_registry_to_the_colleagues_machine(
    engine: docker.DockerClient, engine_url: str
) -> None:
    with session("class", name="sender") as own, closing(client_of(own.url)) as mine:
        other = machine(own, "colleague")
        with closing(client_of(other.url)) as theirs, registry_in(mine) as port:
            image, _ = mine.images.build(fileobj=context(), custom_context=True, tag="shop:1")
            image.tag("localhost:5000/shop", "1")
            sent = list(mine.images.push("localhost:5000/shop", tag="1", stream=True, decode=True))
            assert "localhost:5000/shop" in sent[0]["status"], sent[0]
            assert not [line for line in sent if "error" in line]
            assert all("127.0.0.1" not in str(line) and str(port) not in str(line) for line in sent)
            digest = mine.images.get("shop:1").attrs["RepoDigests"]
            assert digest and digest[0].startswith("localhost:5000/shop@sha256:")
            with pytest.raises(errors.ImageNotFound):
                theirs.images.get("localhost:5000/shop:1")
            received = theirs.images.pull("localhost:5000/shop", tag="1")
            assert received.id == image.id and received.tags == ["localhost:5000/shop:1"]
            assert received.attrs["RepoDigests"] == digest
            assert theirs.containers.run("localhost:5000/shop:1", ["cat", "/cargo"], remove=True) == b"shipped\n"
            again = theirs.images.pull(f"localhost:{port}/shop", tag="1")  # the real port is as good
            assert again.id == image.id
            by_digest = theirs.images.pull("localhost:5000/shop", tag=digest[0].partition("@")[2])
            assert by_digest.id == image.id
            theirs.images.remove("localhost:5000/shop:1", force=True)
            assert mine.images.get("shop:1").id == image.id
            on_engine = [tag for one in engine.images.list() for tag in one.tags]
            assert not [tag for tag in on_engine if tag.startswith("127.")]  # the tag of the transfer is gone


def test_a_pull_that_its_client_leaves_names_nothing_on_the_engine_afterwards(
    engine: docker.DockerClient, engine_url: str
) -> None:
    with session("class") as own, closing(client_of(own.url)) as mine, registry_in(mine):
        mine.images.get("course/busybox").tag("localhost:5000/box", "1")
        mine.images.push("localhost:5000/box", tag="1")
        mine.images.remove("localhost:5000/box:1")
        for _ in range(5):  # the engine may be past what it can be stopped in
            left = mine.api._post(
                mine.api._url("/images/create"), params={"fromImage": "localhost:5000/box", "tag": "1"}, stream=True
            )
            left.raw.read(1)
            left.close()
            mine.images.pull("localhost:5000/box", tag="1")
            tags = [tag for one in engine.images.list() for tag in one.tags]
            assert not [tag for tag in tags if tag.startswith(f"{address(own.id)}:")]


def test_a_push_or_a_pull_elsewhere_is_refused_in_words(engine_url: str) -> None:
    with session("class") as own, closing(client_of(own.url)) as mine:
        for call in (
            lambda: mine.api.push("registry.example/x", tag="1"),
            lambda: mine.api.pull("registry.example/x", tag="1"),
        ):
            with pytest.raises(errors.APIError) as refused:
                call()
            assert refused.value.status_code == 403 and "registry" in refused.value.explanation
        mine.images.get("course/busybox").tag("localhost:5000/base", "1")
        lines = list(mine.api.push("localhost:5000/base", tag="1", stream=True, decode=True))
        assert "course/registry" in lines[-1]["errorDetail"]["message"]
        lines = list(mine.api.pull("localhost:5000/other", tag="1", stream=True, decode=True))
        assert "course/registry" in lines[-1]["errorDetail"]["message"]


def test_a_base_image_is_always_up_to_date(engine_url: str) -> None:
    with session("class") as own, closing(client_of(own.url)) as mine:
        assert mine.images.pull("course/busybox", tag="latest").id == mine.images.get("course/busybox").id


def test_two_strangers_share_neither_registry_nor_names(engine_url: str) -> None:
    with (
        session("class") as one,
        session("class") as two,
        closing(client_of(one.url)) as mine,
        closing(client_of(two.url)) as yours,
        registry_in(mine) as port,
    ):
        yours.images.get("course/busybox").tag(f"localhost:{port}/x", "1")
        with pytest.raises(errors.APIError, match="runs itself"):
            yours.api.push(f"localhost:{port}/x", tag="1")
        yours.images.get("course/busybox").tag("localhost:5000/x", "1")
        lines = list(yours.api.push("localhost:5000/x", tag="1", stream=True, decode=True))
        assert "no registry of this session" in lines[-1]["error"]


def test_a_tag_that_a_killed_transfer_left_goes_with_its_session(engine: docker.DockerClient, engine_url: str) -> None:
    with session("class") as own, closing(client_of(own.url)) as mine:
        image, _ = mine.images.build(fileobj=context(), custom_context=True, tag="shop:1")
        left = f"{address(own.id)}:40000/shop"
        engine.images.get(image.id).tag(left, "1")
        assert mine.images.get("shop:1").tags == ["shop:1"]
    with pytest.raises(errors.ImageNotFound):
        engine.images.get(image.id)
