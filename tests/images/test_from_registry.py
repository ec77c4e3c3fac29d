"""Pulling from a real registry, the docker-registry package in course/registry; a mirror's refusals are explained."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import docker
import official_images
import pytest
from official_images import push

from course.images import BASES, ensure, look, verify
from course.images.errors import ContractBroken, NoSource, RateLimited, SourceFailed, SourceUnreachable
from course.images.from_archive import own_archive
from course.images.from_registry import RegistrySource
from course.images.progress import silent
from course.images.recipe import LABEL_ORIGIN
from course.images.settings import Settings
from course.images.source import engine_architecture


@pytest.fixture
def mirror(empty_engine: docker.DockerClient, saved: Path) -> Iterator[str]:
    """The address of a registry that runs on the spare engine; base images are loaded there besides."""
    empty_engine.images.load(saved.read_bytes())
    with official_images.registry(empty_engine) as address:
        yield address


@pytest.mark.parametrize("name", official_images.NAMES)
def test_an_official_image_becomes_a_base_that_keeps_the_contract(
    name: str, mirror: str, engine: docker.DockerClient, empty_engine: docker.DockerClient, fresh_state: Path
) -> None:
    made = official_images.make_official(engine, empty_engine, name)
    with pytest.raises(ContractBroken):  # the official image itself is not what lessons rely on
        verify(empty_engine, BASES[name], made)
    upstream = push(empty_engine, made, mirror, f"library/{name}")
    empty_engine.images.remove(made)
    settings = Settings(registry=mirror, upstream={name: upstream})
    (found,) = ensure(empty_engine, [name], sources=[RegistrySource(settings)], anew=True)
    image = empty_engine.images.get(f"course/{name}")
    assert found.current and found.origin == f"registry: {mirror}/{upstream}" == image.labels[LABEL_ORIGIN]
    assert verify(empty_engine, BASES[name]).name == name
    assert [tag for i in empty_engine.images.list() for tag in i.tags if mirror in tag or "candidate" in tag] == []
    again = _id_of_another_making(empty_engine, settings, name)
    assert again == found.id  # the same archive from the same image
    assert own_archive(BASES[name], engine_architecture(empty_engine), "registry").exists()


def _id_of_another_making(client: docker.DockerClient, settings: Settings, name: str) -> str:
    RegistrySource(settings).fetch(client, BASES[name], silent)
    made = str(client.images.get(BASES[name].candidate).id)
    client.api.remove_image(BASES[name].candidate)
    return made


def test_a_server_in_python_from_a_registry_writes_no_file(
    mirror: str, engine: docker.DockerClient, empty_engine: docker.DockerClient, fresh_state: Path
) -> None:
    """Its library comes without compiled files, and root would write 96 of them at the first start."""
    upstream = push(
        empty_engine, official_images.make_official(engine, empty_engine, "python"), mirror, "library/python"
    )
    source = RegistrySource(Settings(registry=mirror, upstream={"python": upstream}))
    ensure(empty_engine, ["python"], sources=[source])
    container = empty_engine.containers.create("course/python", ["python3", "-c", "import http.server, json, ssl"])
    try:
        container.start()
        assert container.wait()["StatusCode"] == 0
        assert not container.diff()
    finally:
        container.remove(force=True)


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
