"""Large output through a session: all of it arrives, or a line says that some may be missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import docker
import pytest

import course.gateway

IMAGE = "course/busybox:latest"
LINES = r"""awk 'BEGIN { for (n = 1; n <= 40000; n++) printf "%07d %050d\n", n, 0 }'"""


@pytest.fixture(scope="module")
def client() -> Iterator[docker.DockerClient]:
    """docker-py in a session."""
    with (
        course.gateway.session("class", name="logs") as session,
        closing(docker.DockerClient(base_url=session.url, version="auto", timeout=60)) as one,
    ):
        yield one


def test_a_run_that_removes_its_container_gives_every_line(client: docker.DockerClient, engine_url: str) -> None:
    out = client.containers.run(IMAGE, ["sh", "-c", LINES], remove=True)
    assert (out.count(b"\n"), out[:8], out[-59:-51]) == (40_000, b"0000001 ", b"0040000 ")


def test_lines_that_are_all_the_same_are_completed_too(client: docker.DockerClient, engine_url: str) -> None:
    assert (
        client.containers.run(IMAGE, ["sh", "-c", "yes | head -n 20000; printf y"], remove=True)
        == b"y\n" * 20_000 + b"y"
    )


def test_a_last_line_without_an_end_arrives_each_time(client: docker.DockerClient, engine_url: str) -> None:
    for _ in range(8):
        assert client.containers.run(IMAGE, ["sh", "-c", "printf a"], remove=True) == b"a"


def test_one_stream_of_two_and_a_terminal(client: docker.DockerClient, engine_url: str) -> None:
    both = ["sh", "-c", "seq 3000; seq 5000 >&2"]
    assert client.containers.run(IMAGE, both, stdout=False, stderr=True, remove=True).count(b"\n") == 5000
    assert client.containers.run(IMAGE, ["seq", "3000"], tty=True, remove=True).count(b"\r\n") == 3000


def test_tail_gives_more_than_the_last_hundred_thousand_lines(client: docker.DockerClient, engine_url: str) -> None:
    container = client.containers.run(IMAGE, ["sh", "-c", "seq 120000"], detach=True)
    container.wait()
    assert container.logs(tail=110_000).count(b"\n") == 110_000
    container.remove()


def test_a_log_followed_from_its_last_line_is_completed(client: docker.DockerClient, engine_url: str) -> None:
    container = client.containers.run(
        IMAGE, ["sh", "-c", "echo a; echo b; read x; printf end"], detach=True, stdin_open=True
    )
    lines = container.logs(stream=True, follow=True, tail=1)
    assert next(lines) in (b"a\n", b"b\n")
    socket = container.attach_socket(params={"stdin": 1, "stream": 1})
    socket._sock.sendall(b"\n")
    assert b"".join(lines).endswith(b"end")
    socket._response.close()
    container.remove()


def test_what_is_followed_of_a_container_that_is_removed_by_force_arrives(
    client: docker.DockerClient, engine_url: str
) -> None:
    container = client.containers.run(IMAGE, ["sh", "-c", "seq 30000; sleep 300"], detach=True)
    lines = container.logs(stream=True, follow=True)
    while not container.logs(tail=1).startswith(b"30000"):
        pass
    container.remove(force=True)
    assert b"".join(lines).endswith(b"30000\n")


def test_a_log_past_its_quota_says_so(client: docker.DockerClient, engine_url: str) -> None:
    """The containers that the session has already leave the next one a smaller log."""
    others = [client.containers.create(IMAGE) for _ in range(60)]
    container = client.containers.run(IMAGE, ["sh", "-c", "yes 12345678901234567890 | head -n 60000"], detach=True)
    container.wait()
    quota = container.attrs["HostConfig"]["LogConfig"]["Config"]["max-size"]
    for said in (container.logs(), b"".join(container.logs(stream=True, follow=True)), container.logs(stdout=False)):
        assert f"slipway: this log has reached its quota of {round(int(quota[:-1]) / 1024)} MiB" in said.decode()
    assert b"slipway" not in container.logs(tail=10)
    for one in (container, *others):
        one.remove()
