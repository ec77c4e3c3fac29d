"""Every notebook runs from top to bottom: released, then twice with its solutions; and leaves nothing behind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import docker
import nbformat
import pytest
from nbclient import NotebookClient

from course import manifest
from course.gateway import journal
from course.manifest import Lesson
from course.widgets.snapshot import MARK
from course.workspace import place

CELL_SECONDS = 120
PICTURES = {
    "L00": {"progress-map"},
    "L01": {"lifecycle", "engine-map"},
    "L02": {"layers"},
    "L03": {"engine-map", "layers"},
    "L04": {"layers"},
    "L05": {"fleet"},
    "L06": {"two-machines"},
    "L07": {"lifecycle", "engine-map"},
}
"""Where the idea of each live picture is taught; a run without a person has its text and its page in its place."""


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
        run = execute(path, copy.parent)
        assert holdings(engine) == before
        assert PICTURES.get(lesson.id, set()) <= set(static_pages(run))
    engine.close()


@pytest.mark.parametrize("lesson", manifest.load().lessons, ids=lambda lesson: lesson.id, scope="module")
def test_a_solved_notebook_passes_all_its_checks_in_a_grading_session(
    lesson: Lesson, grading_env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other tests use learners' sessions; a graded one has no way out, no build cache, and no grace."""
    for name, value in {**grading_env, "SLIPWAY_WORKSPACE": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    execute(lesson.notebook, place(lesson, tmp_path).parent)
    checks = [entry for entry in journal(grading_env["SLIPWAY_SESSION"]) if entry.decision != "event"]
    assert checks, "the notebook did not use the grading session"


def execute(notebook: Path, folder: Path) -> nbformat.NotebookNode:
    """Run a notebook from top to bottom in a folder; the first cell that raises ends it with that error."""
    node = nbformat.read(notebook, as_version=nbformat.NO_CONVERT)
    NotebookClient(node, timeout=CELL_SECONDS, resources={"metadata": {"path": str(folder)}}).execute()
    return node


def static_pages(run: nbformat.NotebookNode) -> Iterator[str]:
    """The kinds of pictures in a run; each is there as text and as a page, and as nothing else."""
    for cell in run.cells:
        for data in (output.data for output in cell.get("outputs", ()) if "data" in output):
            if kind := re.match(f"<div {MARK}='([a-z-]+)'>", data.get("text/html", "")):
                assert set(data) == {"text/plain", "text/html"} and data["text/plain"].strip()
                yield kind[1]


def holdings(engine: docker.DockerClient) -> dict[str, list[str]]:
    """All that a session holds, so that two moments can be compared."""
    return {
        "containers": sorted(container.name for container in engine.containers.list(all=True)),
        "images": sorted(tag for image in engine.images.list() for tag in image.tags),
        "volumes": sorted(volume.name for volume in engine.volumes.list()),
        "networks": sorted(network.name for network in engine.networks.list()),
    }
