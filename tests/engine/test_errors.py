"""Each failure of a real engine becomes the one error that names it."""

from __future__ import annotations

import io
import uuid

import docker
import pytest

from course.engine.errors import (
    BuildFailed,
    EngineError,
    ImageMissing,
    NameInUse,
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


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("write /f: no space left on device", "DiskFull"),
        ("fork/exec /proc/self/exe: cannot allocate memory", "OutOfMemory"),
        ("client version 1.52 is too new. Maximum supported API version is 1.41", "ApiTooOld"),
    ],
)
def test_the_engine_words_that_cannot_be_provoked_safely(words: str, kind: str) -> None:
    assert type(translate(docker.errors.APIError(words, explanation=words))).__name__ == kind
