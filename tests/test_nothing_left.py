"""The promise that every test leaves the engine as it found it, put to the test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import docker
import pytest

LEAKY = """
def test_leaks(engine):
    engine.volumes.create("left-by-a-test")

def test_is_tidy(engine):
    engine.volumes.create("taken-away").remove()
"""


def test_a_test_that_leaves_something_fails(tmp_path: Path, engine: docker.DockerClient) -> None:
    (tmp_path / "conftest.py").write_text((Path(__file__).parent / "conftest.py").read_text())
    (tmp_path / "test_leaky.py").write_text(LEAKY)
    try:
        support = f"pythonpath={Path(__file__).parent / 'support'}"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", support, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    finally:
        engine.volumes.get("left-by-a-test").remove()
    assert "2 passed, 1 error" in done.stdout, done.stdout + done.stderr
    assert "left-by-a-test" in done.stdout


def test_the_engine_holds_no_more_than_before_a_container_ran(engine: docker.DockerClient) -> None:
    before = {container.id for container in engine.containers.list(all=True)}
    assert engine.containers.run("course/busybox", ["echo", "hello"], remove=True) == b"hello\n"
    assert {container.id for container in engine.containers.list(all=True)} == before
    with pytest.raises(docker.errors.NotFound):
        engine.volumes.get("left-by-a-test")
