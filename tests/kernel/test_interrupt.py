"""Interrupting a cell stops what the cell started, and nothing else."""

from __future__ import annotations

import docker
import pytest
from live_kernel import LiveKernel, wait_until

FROM_ENV = "import docker; client = docker.from_env()\n"


def running(client: docker.DockerClient, name: str) -> bool:
    return name in [container.name for container in client.containers.list()]


@pytest.mark.parametrize(
    "cell",
    [
        FROM_ENV + "client.containers.run('course/busybox', ['sleep', '300'], name='started')",
        FROM_ENV + "client.containers.run('course/busybox', ['sleep', '300'], name='started', detach=True).wait()",
        "%docker run --name started course/busybox sleep 300",
    ],
    ids=["run", "detached and waited for", "%docker run"],
)
def test_the_container_that_the_cell_started_is_stopped(
    warm: LiveKernel, clean: docker.DockerClient, cell: str
) -> None:
    other = clean.containers.run("course/busybox", ["sleep", "300"], name="other", detach=True)
    ran = warm.interrupted(cell, when=lambda: running(clean, "started"))
    assert ran.error == "KeyboardInterrupt"
    assert "✓ interrupted" in ran.stdout
    assert not running(clean, "started")
    other.reload()
    assert other.status == "running", "what an earlier cell or another client started goes on"


@pytest.mark.parametrize(
    "cell",
    [
        "%%dockerfile never\nFROM course/busybox\nRUN sleep 654",
        FROM_ENV
        + "import io\nclient.images.build(fileobj=io.BytesIO(b'FROM course/busybox\\nRUN sleep 654'), tag='never')",
    ],
    ids=["%%dockerfile", "docker-py"],
)
def test_the_build_that_the_cell_started_is_cancelled(
    warm: LiveKernel, clean: docker.DockerClient, engine: docker.DockerClient, cell: str
) -> None:
    def building() -> bool:
        return "sleep 654" in str([container["Command"] for container in engine.api.containers()])

    ran = warm.interrupted(cell, when=building)
    assert ran.error == "KeyboardInterrupt"
    wait_until(lambda: not building())
    assert not clean.images.list("never")
