"""Every notebook runs from top to bottom: released, then twice with its solutions; and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import docker
import nbformat
import pytest
from nbclient import NotebookClient

from course import manifest
from course.manifest import Lesson
from course.workspace import place

CELL_SECONDS = 120


@pytest.mark.parametrize("lesson", manifest.load().lessons, ids=lambda lesson: lesson.id, scope="module")
def test_a_notebook_runs_as_released_then_twice_solved_and_leaves_nothing_behind(
    lesson: Lesson, session_env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**session_env, "SLIPWAY_WORKSPACE": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    copy = place(lesson, tmp_path)
    engine = docker.DockerClient(base_url=session_env["DOCKER_HOST"], version="auto")
    before = holdings(engine)
    for path in (copy, lesson.notebook, lesson.notebook):
        node = nbformat.read(path, as_version=nbformat.NO_CONVERT)
        NotebookClient(node, timeout=CELL_SECONDS, resources={"metadata": {"path": str(copy.parent)}}).execute()
        assert holdings(engine) == before
    engine.close()


def holdings(engine: docker.DockerClient) -> dict[str, list[str]]:
    """All that a session holds, so that two moments can be compared."""
    return {
        "containers": sorted(container.name for container in engine.containers.list(all=True)),
        "images": sorted(tag for image in engine.images.list() for tag in image.tags),
        "volumes": sorted(volume.name for volume in engine.volumes.list()),
        "networks": sorted(network.name for network in engine.networks.list()),
    }
