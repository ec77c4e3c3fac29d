"""What carries the calls, without a policy: docker-py's calls through it, streams both ways."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator

import docker
import pytest

IMAGE = "course/busybox:latest"


@pytest.fixture(scope="module")
def client(open_door: str) -> Iterator[docker.DockerClient]:
    """docker-py through the gateway."""
    one = docker.DockerClient(base_url=open_door, version="1.41", timeout=60)
    yield one
    one.close()


def test_a_container_lives_its_whole_life(client: docker.DockerClient, engine_url: str) -> None:
    container = client.containers.create(IMAGE, ["sh", "-c", "echo out; echo err >&2; exit 3"])
    container.start()
    assert container.wait()["StatusCode"] == 3
    assert container.logs(stderr=False) == b"out\n" and container.logs(stdout=False) == b"err\n"
    container.remove()


def test_thirty_megabytes_go_in_and_out(client: docker.DockerClient, engine_url: str) -> None:
    data = bytes(range(256)) * (30 * 4096)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo("big")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    container = client.containers.create(IMAGE, "true")
    assert container.put_archive("/tmp", out.getvalue())
    pieces, stat = container.get_archive("/tmp/big")
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as archive:
        member_back = archive.extractfile("big")
        assert member_back is not None and member_back.read() == data
    assert stat["size"] == len(data)
    container.remove()
