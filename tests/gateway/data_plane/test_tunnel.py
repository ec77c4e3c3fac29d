"""Raw streams through the gateway: both directions, half-close, and nothing that stays when a client vanishes."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import docker
import pytest
from docker.models.containers import Container

IMAGE = "course/busybox:latest"


@pytest.fixture
def box(engine: docker.DockerClient) -> Iterator[Container]:
    """A container that waits."""
    container = engine.containers.run(IMAGE, ["sleep", "300"], detach=True, init=True)
    yield container
    container.remove(force=True)


def raw(url: str, request: str) -> socket.socket:
    """A connection on which a request was sent and its answer's head was read."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(30)
    connection.connect(urlsplit(url).path)
    connection.sendall(request.encode())
    return connection


def read_head(connection: socket.socket) -> str:
    """The head of an answer, read byte by byte so that nothing of the stream is lost."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = connection.recv(1)
        assert piece, head
        head += piece
    return head.decode()


def read_all(connection: socket.socket) -> bytes:
    """Everything up to the end."""
    pieces = []
    while piece := connection.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def start_exec(engine: docker.DockerClient, url: str, box: Container, command: list[str]) -> socket.socket:
    """Start an exec with its standard input open, and switch to its raw stream."""
    exec_id = engine.api.exec_create(box.id, command, stdin=True)["Id"]
    body = '{"Detach":false,"Tty":false}'
    connection = raw(
        url,
        f"POST /v1.41/exec/{exec_id}/start HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"
        f"Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: {len(body)}\r\n\r\n{body}",
    )
    assert read_head(connection).startswith("HTTP/1.1 101 ")
    return connection


def test_ten_megabytes_then_the_end_of_input_and_the_answer_still_comes(
    engine: docker.DockerClient, open_door: str, box: Container
) -> None:
    # This pins the take-over of aiohttp's transport: its own protocol closes at the client's end of input.
    with closing(start_exec(engine, open_door, box, ["sh", "-c", "wc -c; echo after"])) as connection:
        connection.sendall(b"x" * 10_000_000)
        connection.shutdown(socket.SHUT_WR)
        assert b"10000000\nafter\n" in read_all(connection).replace(b"\x01\x00\x00\x00\x00\x00\x00\x06after", b"after")


def test_a_client_that_has_said_all_still_gets_its_answer(
    engine: docker.DockerClient, open_door: str, box: Container
) -> None:
    exec_body, exec_id = (
        b'{"Detach":false}',
        engine.api.exec_create(box.id, ["sh", "-c", "cat; echo after"], stdin=True)["Id"],
    )
    for line, body, said in (
        (b"GET /_ping", b"", b"OK"),
        (f"POST /v1.41/containers/{box.id}/exec".encode(), b'{"Cmd":["true"]}', b'"Id"'),
        (f"POST /v1.41/exec/{exec_id}/start".encode(), exec_body, b"after"),
    ):
        head = b"Host: d\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        with closing(raw(open_door, "")) as connection:
            connection.sendall(line + b" HTTP/1.1\r\n" + head + body)
            connection.shutdown(socket.SHUT_WR)
            answer = read_all(connection)
            assert answer.startswith(b"HTTP/1.1 20") and said in answer, answer


def test_a_body_that_ends_too_early_is_not_waited_for(
    engine: docker.DockerClient, open_door: str, box: Container
) -> None:
    with closing(raw(open_door, f"POST /v1.41/containers/{box.id}/exec HTTP/1.1\r\nHost: d\r\n")) as connection:
        connection.sendall(b"Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{")
        connection.shutdown(socket.SHUT_WR)
        assert read_all(connection) == b""


def test_what_a_client_wrote_before_it_closed_reaches_the_command(
    engine: docker.DockerClient, open_door: str, box: Container
) -> None:
    start_then_close = start_exec(engine, open_door, box, ["sh", "-c", "cat > /tmp/in; touch /tmp/done"])
    start_then_close.sendall(b"last words")
    start_then_close.close()
    deadline = time.monotonic() + 20
    while box.exec_run(["test", "-e", "/tmp/done"]).exit_code:
        assert time.monotonic() < deadline, "the command never saw the end of its input"
        time.sleep(0.05)
    assert box.exec_run(["cat", "/tmp/in"]).output == b"last words"


def test_a_terminal_answers_while_input_stays_open(engine: docker.DockerClient, open_door: str, box: Container) -> None:
    with closing(start_exec(engine, open_door, box, ["sh", "-c", "read a; echo got $a; read b"])) as connection:
        connection.sendall(b"one\n")
        assert connection.recv(100).endswith(b"got one\n")


def test_without_a_switch_of_the_engine_nothing_is_tunnelled(
    engine: docker.DockerClient, open_door: str, box: Container
) -> None:
    exec_id = engine.api.exec_create(box.id, ["true"])["Id"]
    smuggled = '{"Image":"course/busybox","HostConfig":{"Binds":["/:/h"]}}'
    body = '{"Detach":true}'
    connection = raw(
        open_door,
        f"POST /v1.41/exec/{exec_id}/start HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"
        f"Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        f"POST /v1.41/containers/create?name=smuggled HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(smuggled)}\r\n\r\n{smuggled}",
    )
    with closing(connection):
        answers = read_all(connection)
    assert answers.startswith(b"HTTP/1.1 200 ") and answers.count(b"HTTP/1.1") == 1
    assert not engine.containers.list(all=True, filters={"name": "smuggled"})


def test_a_client_that_has_said_all_and_vanishes_from_a_wait_leaves_no_connection(
    engine: docker.DockerClient, open_door: str, box: Container
) -> None:
    before = open_files()
    for _ in range(5):
        with closing(raw(open_door, f"POST /v1.41/containers/{box.id}/wait HTTP/1.1\r\nHost: d\r\n\r\n")) as connection:
            connection.shutdown(socket.SHUT_WR)
            assert read_head(connection).startswith("HTTP/1.1 200 ")
    deadline = time.monotonic() + 20
    while open_files() > before:
        assert time.monotonic() < deadline, "connections of the gateway stayed open"
        time.sleep(0.05)


def test_a_client_that_vanishes_from_a_silent_attach_leaves_no_connection(
    engine: docker.DockerClient, open_door: str, box: Container
) -> None:
    before = open_files()
    for _ in range(5):
        request = f"POST /v1.41/containers/{box.id}/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: d\r\n"
        connection = raw(open_door, request + "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
        read_head(connection)
        connection.close()
    deadline = time.monotonic() + 20
    while open_files() > before:
        assert time.monotonic() < deadline, "connections of the gateway stayed open"
        time.sleep(0.05)


def open_files() -> int:
    """How many files this process, and so the gateway in it, has open."""
    return len(list(Path("/proc/self/fd").iterdir()))
