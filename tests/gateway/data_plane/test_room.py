"""Room at a session's door: kept clients, half-read streams, and what happens to one more."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import docker
import pytest
from docker.models.containers import Container
from lease_holders import until
from raw_http import call, request

import course.gateway
from course.gateway import Client, Session
from course.gateway.policy.limits import CLASS

LIMITS = CLASS.limits
PING = b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n"


@pytest.fixture
def own(engine_url: str) -> Iterator[Session]:
    """A session whose connections are those of the test."""
    with course.gateway.session("class") as session:
        yield session


@pytest.fixture
def talker(own: Session) -> Iterator[Container]:
    """A container `web` whose log does not end."""
    with closing(client_of(own)) as client:
        yield client.containers.run("course/busybox", ["sh", "-c", "echo tick; sleep 600"], name="web", detach=True)


def client_of(own: Session) -> docker.DockerClient:
    return docker.DockerClient(base_url=own.url, version="auto", timeout=60)


def connections(own: Session) -> int:
    return int(Client().show(own.id)["connections"])


def connect(own: Session, stack: ExitStack) -> socket.socket:
    """A connection that stays open until the stack ends."""
    one = stack.enter_context(closing(socket.socket(socket.AF_UNIX)))
    one.settimeout(30)
    one.connect(own.url.removeprefix("unix://"))
    return one


def is_closed(one: socket.socket) -> bool:
    """Whether the gateway has closed a connection on which nothing is awaited."""
    one.setblocking(False)
    try:
        return one.recv(1) == b""
    except BlockingIOError:
        return False
    finally:
        one.settimeout(30)


def test_three_hundred_kept_clients_that_keep_calling_all_get_answers(own: Session) -> None:
    """Eight at a time, in the order that is worst when the oldest goes first: whose turn is next was just closed."""
    with ExitStack() as stack, ThreadPoolExecutor(8) as pool:
        clients = [stack.enter_context(closing(client_of(own))) for _ in range(300)]
        for _ in range(6):
            assert list(pool.map(lambda client: client.containers.list(), clients)) == [[]] * 300
        assert connections(own) <= 300
        until(lambda: connections(own) <= LIMITS.idle_connections, "idle connections were kept")
        assert all(pool.map(lambda client: client.ping(), clients))


def test_a_client_in_use_is_never_closed_by_many_that_come_and_stay(own: Session) -> None:
    def use(client: docker.DockerClient) -> int:
        return sum(client.ping() for _ in range(500))

    with ExitStack() as stack, ThreadPoolExecutor(4) as pool:
        busy = [stack.enter_context(closing(client_of(own))) for _ in range(4)]
        answered = [pool.submit(use, client) for client in busy]
        while not all(one.done() for one in answered):
            one = connect(own, stack)
            one.sendall(PING)
            assert one.recv(12) == b"HTTP/1.1 200"
        assert [one.result() for one in answered] == [500] * 4


def test_the_oldest_idle_connection_makes_room_and_the_younger_stay(own: Session) -> None:
    with ExitStack() as stack:

        def one_more() -> socket.socket:
            one = connect(own, stack)
            one.sendall(PING)
            assert one.recv(4096).startswith(b"HTTP/1.1 200")
            return one

        old, *young = [one_more() for _ in range(LIMITS.idle_connections)]
        until(lambda: one_more() and is_closed(old), "the oldest one stayed")
        young[-1].sendall(PING)
        assert young[-1].recv(12) == b"HTTP/1.1 200"


def test_a_newcomer_is_answered_when_no_older_one_has_rested_and_told_that_it_ends(own: Session) -> None:
    with ExitStack() as stack:
        said = []
        for _ in range(2 * LIMITS.idle_connections):
            one = connect(own, stack)
            one.sendall(PING)
            said.append(one.recv(4096).lower())
        assert all(answer.startswith(b"http/1.1 200") for answer in said)
        assert b"connection: close" not in said[0] and b"connection: close" in said[-1]


def test_streams_that_are_half_read_and_kept_stop_nothing(own: Session, talker: Container) -> None:
    with ExitStack() as stack, closing(client_of(own)) as client:
        container = client.containers.get("web")
        streams = [container.logs(stream=True, follow=True) for _ in range(140)]
        for stream in streams:
            stack.callback(stream.close)
            assert next(stream) == b"tick\n"
        assert Client().show(own.id)["streams"] == 140
        assert [one.name for one in client.containers.list()] == ["web"]
    until(lambda: Client().show(own.id)["streams"] == 0, "closed streams are still counted")


def test_one_stream_too_many_is_refused_by_the_names_of_the_others(own: Session, talker: Container) -> None:
    with ExitStack() as stack, closing(client_of(own)) as client:
        for number in range(LIMITS.streams):
            path = f"/v1.41/containers/{talker.id}/logs?stdout=1&follow=1" if number < 12 else "/v1.41/events"
            one = connect(own, stack)
            one.sendall(request("GET", path))
            assert one.recv(12) == b"HTTP/1.1 200"
        refused = call(own.url, "GET", "/v1.41/events")
        said = refused.json["message"]
        assert refused.status == 503
        assert f"at most {LIMITS.streams}" in said and "close()" in said
        assert f"{LIMITS.streams - 12} × system.events, 12 × container.logs of web" in said
        client.containers.get("web").remove(force=True)  # what does not stream still works
    until(lambda: call(own.url, "GET", "/v1.41/events?until=1").status == 200, "closed streams are still counted")
