"""Pulling from a real registry, the docker-registry package in course/registry; a mirror's refusals are explained."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import docker
import pytest
import requests

from course.images import BASES, ensure, look, verify
from course.images.errors import NoSource, RateLimited, SourceFailed, SourceUnreachable
from course.images.from_archive import load
from course.images.from_registry import RegistrySource
from course.images.progress import silent
from course.images.recipe import LABEL_ORIGIN
from course.images.settings import Settings


@pytest.fixture
def mirror(empty_engine: docker.DockerClient, saved: Path) -> Iterator[str]:
    """The address of a registry that runs on the spare engine; base images are loaded there besides."""
    load(empty_engine, saved)
    container = empty_engine.containers.run("course/registry", detach=True, ports={"5000/tcp": ("127.0.0.1", None)})
    try:
        container.reload()
        address = f"127.0.0.1:{container.ports['5000/tcp'][0]['HostPort']}"
        deadline = time.monotonic() + 30
        while True:
            try:
                requests.get(f"http://{address}/v2/", timeout=5).raise_for_status()
                break
            except requests.RequestException:
                assert time.monotonic() < deadline, container.logs().decode()
                time.sleep(0.05)
        yield address
    finally:
        container.remove(force=True, v=True)


def push(client: docker.DockerClient, image: str, address: str, name: str) -> str:
    """Push under another name and return `name@digest`; the local name is removed again."""
    client.images.get(image).tag(f"{address}/{name}", "1")
    lines = list(client.api.push(f"{address}/{name}", tag="1", stream=True, decode=True))
    digest = next(line["aux"]["Digest"] for line in lines if "aux" in line)
    client.images.remove(f"{address}/{name}:1")
    return f"{name}@{digest}"


def test_an_upstream_image_is_pulled_by_digest_and_gets_label_user_and_command(
    mirror: str, empty_engine: docker.DockerClient, fresh_state: Path
) -> None:
    upstream = _upstream(empty_engine, mirror)
    empty_engine.images.remove("course/busybox")
    settings = Settings(registry=mirror, upstream={"busybox": upstream})
    (found,) = ensure(empty_engine, ["busybox"], sources=[RegistrySource(settings)])
    image = empty_engine.images.get("course/busybox")
    assert found.origin == f"registry: {mirror}/{upstream}" == image.labels[LABEL_ORIGIN]
    assert image.attrs["Config"]["Cmd"] == ["sh"] and not image.attrs["Config"]["Entrypoint"]
    assert verify(empty_engine, BASES["busybox"]).exit_code == 0
    assert [name for i in empty_engine.images.list() for name in i.tags if mirror in name] == []


def _upstream(client: docker.DockerClient, mirror: str) -> str:
    """An image as an upstream project would make it: no label, no user app, id 1000 taken by another."""
    container = client.containers.create("course/busybox")
    client.api.import_image_from_data(b"".join(container.export()), repository="raw", tag="1")
    container.remove()
    dockerfile = (
        'FROM raw:1\nENV PATH=/usr/bin\nRUN ["/usr/bin/busybox", "sed", "-i", "s/app/node/g", "/etc/passwd"]\n'
        'ENTRYPOINT ["/entry"]\nUSER nobody\n'
    )
    for line in client.api.build(fileobj=_file(dockerfile), tag="made:1", rm=True, decode=True):
        assert "error" not in line, line
    name = push(client, "made:1", mirror, "library/busybox")
    client.images.remove("made:1")
    client.images.remove("raw:1")
    return name


def _file(text: str) -> io.BytesIO:
    return io.BytesIO(text.encode())


def test_a_mirror_s_copy_of_our_own_image_keeps_its_id(
    mirror: str, empty_engine: docker.DockerClient, fresh_state: Path
) -> None:
    before = look(empty_engine, BASES["busybox"])
    ours = push(empty_engine, "course/busybox", mirror, "course/busybox")
    empty_engine.images.remove("course/busybox")
    settings = Settings(registry=mirror, upstream={"busybox": ours})
    (found,) = ensure(empty_engine, ["busybox"], sources=[RegistrySource(settings)])
    assert (found.id, found.packages) == (before.id, before.packages)


def test_an_image_that_the_mirror_lacks_is_named(mirror: str, empty_engine: docker.DockerClient) -> None:
    source = RegistrySource(Settings(registry=mirror))
    with pytest.raises(SourceFailed, match="library/node@sha256:") as caught:
        source.fetch(empty_engine, BASES["node"], silent)
    assert not isinstance(caught.value, SourceUnreachable)
    assert "[upstream]" in caught.value.try_next


def test_a_registry_that_does_not_answer_is_unreachable(empty_engine: docker.DockerClient) -> None:
    with pytest.raises(SourceUnreachable, match="connection refused"):
        RegistrySource(Settings(registry="127.0.0.1:1")).fetch(empty_engine, BASES["node"], silent)


class _Limited(BaseHTTPRequestHandler):
    """Answers as Docker Hub does when an address has pulled too much."""

    def do_GET(self) -> None:
        body = b'{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}'
        self.send_response(200 if self.path == "/v2/" else 429)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Be quiet."""


def test_a_rate_limit_is_explained(empty_engine: docker.DockerClient, fresh_state: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Limited) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        source = RegistrySource(Settings(registry=f"127.0.0.1:{server.server_port}"))
        try:
            with pytest.raises(RateLimited) as caught:
                source.fetch(empty_engine, BASES["busybox"], silent)
            with pytest.raises(NoSource, match="counts the downloads of an address"):
                ensure(empty_engine, ["busybox"], sources=[source])
        finally:
            server.shutdown()
    assert "course images load FILE" in caught.value.try_next and "mirror" in caught.value.try_next
