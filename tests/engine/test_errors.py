"""Each failure of a real engine becomes the one error that names it."""

from __future__ import annotations

import io
import os
import subprocess
import tempfile
import uuid
from contextlib import closing
from pathlib import Path

import docker
import pytest

from course.engine import Daemon
from course.engine.errors import (
    ApiTooOld,
    BuildFailed,
    DiskFull,
    EngineError,
    ImageMissing,
    NameInUse,
    OutOfMemory,
    PortInUse,
    translate,
)


@pytest.fixture
def name(engine: docker.DockerClient):
    """A container name of this test; what has it is removed."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    yield name
    for container in engine.containers.list(all=True, filters={"name": name}):
        container.remove(force=True, v=True)


def failure(call) -> EngineError:
    with pytest.raises(Exception) as caught:
        call()
    return translate(caught.value)


def test_a_missing_image(engine: docker.DockerClient) -> None:
    error = failure(lambda: engine.images.get("no-such-image:1"))
    assert isinstance(error, ImageMissing)
    assert "no-such-image" in error.observed


def test_a_name_in_use(engine: docker.DockerClient, name: str) -> None:
    engine.containers.create("course/busybox", name=name)
    assert isinstance(failure(lambda: engine.containers.create("course/busybox", name=name)), NameInUse)


def test_a_port_in_use(engine: docker.DockerClient, name: str) -> None:
    first = engine.containers.run(
        "course/busybox", ["sleep", "60"], name=name, detach=True, ports={"80/tcp": ("127.0.0.1", None)}
    )
    first.reload()
    port = int(first.ports["80/tcp"][0]["HostPort"])
    second = engine.containers.create(
        "course/busybox", ["sleep", "60"], name=f"{name}-b", ports={"80/tcp": ("127.0.0.1", port)}
    )
    assert isinstance(failure(second.start), PortInUse)


def test_a_build_names_the_instruction_that_failed(engine: docker.DockerClient) -> None:
    recipe = io.BytesIO(b"FROM course/busybox\nRUN echo a clue; exit 3\nCMD true\n")
    error = failure(lambda: engine.images.build(fileobj=recipe, rm=True, forcerm=True))
    assert isinstance(error, BuildFailed)
    assert error.instruction == "RUN echo a clue; exit 3"
    assert "a clue" in error.last_output
    assert "code: 3" in error.observed


def test_no_engine_has_three_parts() -> None:
    error = failure(lambda: docker.DockerClient(base_url="unix:///nowhere.sock", version="1.41").ping())
    assert type(error).__name__ == "NoEngine"
    assert [line.split(":")[0] for line in str(error).splitlines()] == ["expected", "observed", "try next"]


def test_an_engine_that_speaks_another_api(engine_url: str) -> None:
    with closing(docker.DockerClient(base_url=engine_url, version="1.99")) as newer:
        error = failure(newer.containers.list)
    assert isinstance(error, ApiTooOld)
    assert "1.99 is too new" in error.observed


def test_too_little_memory_to_start(engine: docker.DockerClient, name: str) -> None:
    little = docker.types.Ulimit(name="as", soft=1_000_000, hard=1_000_000)  # bytes of address space
    container = engine.containers.create("course/busybox", ["true"], name=name, ulimits=[little])
    assert isinstance(failure(container.start), OutOfMemory)


def test_a_build_step_that_was_killed_says_what_137_means(engine: docker.DockerClient) -> None:
    recipe = io.BytesIO(b"FROM course/busybox\nRUN x=$(head -c 50000000 /dev/zero | tr '\\0' a)\n")
    limits = {"memory": 8 << 20, "memswap": 8 << 20}
    error = failure(lambda: engine.images.build(fileobj=recipe, container_limits=limits, rm=True, forcerm=True))
    assert isinstance(error, BuildFailed)
    assert "code: 137" in error.observed
    assert "memory" in error.try_next


@pytest.mark.skipif(os.geteuid() != 0, reason="a disk of its own for an engine needs root")
def test_a_full_disk(engine: docker.DockerClient) -> None:
    disk = Path(tempfile.mkdtemp(prefix="sw", dir="/tmp"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(disk)], check=True)
    daemon = Daemon(disk, f"f{os.getpid() % 10000}")
    try:
        with daemon, closing(daemon.client()) as small:
            archive = b"".join(engine.images.get("course/python").save())
            error = failure(lambda: small.images.load(archive))
    finally:
        daemon.remove()
        subprocess.run(["umount", "-l", str(disk)], check=True)
        disk.rmdir()
    assert isinstance(error, DiskFull)
    assert "no space left" in error.observed
