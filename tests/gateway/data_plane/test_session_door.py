"""The door of a session: caps, limits in words, answers that leak nothing, clients that vanish or read slowly."""

from __future__ import annotations

import io
import json
import socket
import tarfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import docker
import pytest
from docker import errors

import course.gateway
from course.engine.errors import translate
from course.gateway import Session
from course.gateway.policy.limits import CLASS

IMAGE = "course/busybox:latest"


@pytest.fixture(scope="module")
def own() -> Iterator[Session]:
    """A session."""
    with course.gateway.session("class", name="door") as session:
        yield session


@pytest.fixture
def client(own: Session) -> Iterator[docker.DockerClient]:
    """docker-py in it."""
    one = docker.DockerClient(base_url=own.url, version="auto", timeout=60)
    yield one
    one.close()


def connect(url: str) -> socket.socket:
    """A connection to a session's socket."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(30)
    connection.connect(urlsplit(url).path)
    return connection


def ask(url: str, request: bytes) -> tuple[int, str]:
    """Status and text of the answer to raw bytes."""
    with closing(connect(url)) as connection:
        connection.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer or not _whole(answer):
            piece = connection.recv(65536)
            if not piece:
                break
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


def _whole(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
    return False


def test_only_its_owner_may_use_the_socket(own: Session, engine_url: str) -> None:
    assert Path(urlsplit(own.url).path).stat().st_mode & 0o777 == 0o600


def test_a_json_body_past_the_cap_is_refused_unread(own: Session, engine_url: str) -> None:
    request = b"POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"
    status, text = ask(own.url, request + b"Content-Length: 99999999\r\n\r\n{")
    assert status == 413 and "256 KiB" in json.loads(text)["message"]


def test_a_chunked_body_past_the_cap_is_refused_too(own: Session, engine_url: str) -> None:
    request = b"POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    status, _ = ask(own.url, request + chunk * 8 + b"0\r\n\r\n")
    assert status == 413


@pytest.mark.parametrize(
    "request_line",
    ["GET /v1.41/containers/json?all=1\x01 HTTP/1.1", "GARBAGE", "GET /v1.41/../etc HTTP/1.1", "PUT / HTTP/1.1"],
)
def test_what_is_no_call_gets_a_plain_answer(own: Session, engine_url: str, request_line: str) -> None:
    status, text = ask(own.url, request_line.encode() + b"\r\nHost: d\r\n\r\n")
    assert 400 <= status < 500 and "Traceback" not in text and "/tmp" not in text


def test_the_quota_of_networks_is_told_in_words(client: docker.DockerClient, engine_url: str) -> None:
    made = [client.networks.create(f"net{number}") for number in range(CLASS.limits.networks)]
    with pytest.raises(errors.APIError, match="quota of networks") as refused:
        client.networks.create("one-more")
    assert translate(refused.value).try_next.startswith("Remove what you no longer need: the reset() cell")
    for network in made:
        network.remove()


def test_the_quota_of_published_ports_is_told_in_words(client: docker.DockerClient, engine_url: str) -> None:
    """Each is a process of the engine's that no cgroup of the session bounds."""
    ports: dict[str, None] = dict.fromkeys(f"{number}/tcp" for number in range(1, 33))
    made = [client.containers.create("course/busybox", ports=ports) for _ in range(CLASS.limits.ports // 32)]
    with pytest.raises(errors.APIError, match="quota of published ports is 256"):
        client.containers.create("course/busybox", ports={"80/tcp": None})
    made.pop().remove()
    made.append(client.containers.create("course/busybox", ports={"80/tcp": None}))
    for container in made:
        container.remove()


def test_a_slow_reader_of_a_save_gets_every_byte(own: Session, client: docker.DockerClient, engine_url: str) -> None:
    with closing(connect(own.url)) as connection:
        connection.sendall(b"GET /v1.41/images/course%2Fpython/get HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n")
        connection.recv(1000)
        assert client.ping()  # nobody else waits for the slow one
        received = 0
        while piece := connection.recv(1 << 20):
            received += len(piece)
            last = piece[-5:]
    assert last.endswith(b"0\r\n\r\n") and received > 10_000_000


def test_a_client_that_vanishes_in_mid_build_stops_the_build(
    own: Session, client: docker.DockerClient, engine: docker.DockerClient, engine_url: str
) -> None:
    out = io.BytesIO()
    data = b"FROM course/busybox\nRUN echo begun && sleep 600\n"
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo("Dockerfile")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    body = out.getvalue()
    request = f"POST /v1.41/build?t=never HTTP/1.1\r\nHost: d\r\nContent-Length: {len(body)}\r\n\r\n"
    with closing(connect(own.url)) as connection:
        connection.sendall(request.encode() + body)
        seen = b""
        while b"begun\\n" not in seen.partition(b"---")[2]:
            seen += connection.recv(4096)
    deadline = time.monotonic() + 30
    while sleepers := [
        c for c in engine.containers.list(all=True) if "sleep 600" in " ".join(c.attrs["Config"]["Cmd"])
    ]:
        assert time.monotonic() < deadline, f"the build goes on: {sleepers}"
        time.sleep(0.1)
    client.images.build(fileobj=io.BytesIO(body.replace(b"600", b"0.0")), custom_context=True, tag="after")
    client.images.remove("after")


def test_names_of_the_engine_never_show(own: Session, client: docker.DockerClient, engine_url: str) -> None:
    container = client.containers.create(IMAGE, "true", name="shown")
    with pytest.raises(errors.APIError) as conflict:
        client.containers.create(IMAGE, "true", name="shown")
    assert own.id not in str(conflict.value.explanation) and "shown" in str(conflict.value.explanation)
    assert own.id not in json.dumps([*client.api.containers(all=True), container.attrs])
    container.remove()


def test_every_call_is_in_the_journal(own: Session, client: docker.DockerClient, engine_url: str) -> None:
    client.containers.run(IMAGE, "true", name="noted", remove=True)
    entries = [entry for entry in course.gateway.journal(own) if entry.asked.get("name") == "noted"]
    created = next(entry for entry in entries if entry.route == "container.create")
    assert created.decision == "allowed" and created.status == 201 and created.outcome["image"].startswith("sha256:")


def test_who_leaves_in_the_middle_of_an_answer_has_had_one(own: Session, engine_url: str) -> None:
    before = len(saves(own))
    with closing(connect(own.url)) as connection:
        connection.sendall(b"GET /v1.41/images/course%2Fpython/get HTTP/1.1\r\nHost: d\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 200"
    deadline = time.monotonic() + 30
    while len(saves(own)) == before:
        assert time.monotonic() < deadline, "the line of the journal"
        time.sleep(0.02)
    assert (saves(own)[-1].decision, saves(own)[-1].status) == ("allowed", 200)


def saves(own: Session) -> list[course.gateway.Entry]:
    return [entry for entry in course.gateway.journal(own) if entry.route == "image.save"]
