"""`course images …` on the prepared engine, and smoke tests that really run."""

from __future__ import annotations

import json
from pathlib import Path

import docker
import pytest
from typer.testing import CliRunner

from course.images import BASES, verify
from course.images.command import app


@pytest.fixture(autouse=True)
def on_the_engine(engine_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", engine_url)


def test_list_shows_every_image_with_its_packages(engine: docker.DockerClient) -> None:
    done = CliRunner().invoke(app, ["list", "--json"])
    listed = {image["name"]: image for image in json.loads(done.output)}
    assert list(listed) == list(BASES)
    for name, image in listed.items():
        assert image["id"] == engine.images.get(f"course/{name}").id
        assert image["packages"] or image["origin"].startswith("registry: ")
    assert "✓ yes" in CliRunner().invoke(app, ["list"]).output


@pytest.mark.parametrize("name", BASES)
def test_verify_passes_for_every_image_and_removes_its_container(name: str, engine: docker.DockerClient) -> None:
    before = {container.id for container in engine.containers.list(all=True)}
    assert verify(engine, BASES[name]).name == name
    assert {container.id for container in engine.containers.list(all=True)} <= before


def test_verify_of_the_command_prints_one_line_an_image() -> None:
    done = CliRunner().invoke(app, ["verify", "busybox"])
    assert done.exit_code == 0 and done.output.startswith("✓ course/busybox:latest: BusyBox v")


def test_pull_with_everything_in_place_succeeds() -> None:
    done = CliRunner().invoke(app, ["pull", "busybox", "--source", "archive"])
    assert done.exit_code == 0 and "✓ course/busybox" in done.output


def test_an_unknown_image_is_refused_with_the_known_names() -> None:
    done = CliRunner().invoke(app, ["verify", "ruby"])
    assert done.exit_code == 2 and "busybox" in done.output


def test_save_then_load_through_the_command(tmp_path: Path) -> None:
    file = tmp_path / "one.tar"
    assert CliRunner().invoke(app, ["save", str(file), "busybox"]).exit_code == 0
    done = CliRunner().invoke(app, ["load", str(file)])
    assert done.exit_code == 0 and "✓ course/busybox: " in done.output
