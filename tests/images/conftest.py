"""An empty engine for the tests of this folder, and a state folder in which nothing is kept yet."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from course.engine import Daemon
from course.images.from_archive import save
from course.images.recipe import bases


@pytest.fixture(scope="session")
def spare_engine() -> Iterator[docker.DockerClient]:
    """A private engine on which base images may be removed and replaced."""
    if os.geteuid() != 0:
        pytest.skip("a private engine needs root")
    daemon = Daemon(Path(tempfile.mkdtemp(prefix="sw", dir="/tmp")), "imgs")
    try:
        with daemon, contextlib.closing(daemon.client()) as client:
            yield client
    finally:
        daemon.remove()


@pytest.fixture
def empty_engine(spare_engine: docker.DockerClient) -> docker.DockerClient:
    """That engine without any image or container."""
    for container in spare_engine.containers.list(all=True):
        container.remove(force=True, v=True)
    while images := spare_engine.images.list():
        for image in images:
            spare_engine.images.remove(image.id, force=True)
    return spare_engine


@pytest.fixture
def fresh_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of this test's own, so that no archive of an earlier test is found."""
    monkeypatch.setenv("SLIPWAY_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture(scope="session")
def saved(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of the two smallest base images, saved from the prepared engine."""
    path = tmp_path_factory.mktemp("saved") / "course-images.tar"
    save(engine, path, [bases()["busybox"], bases()["registry"]])
    return path


def seed(client: docker.DockerClient, path: Path) -> None:
    """Load an archive as `docker load` does, without the contract test."""
    client.images.load(path.read_bytes())
