"""Wherever a learner keeps the course, and whoever the learner is: odd names, another file system, no root."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from elsewhere import HOME, ROOT, USER, run_elsewhere

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="root mounts, and becomes another user")
RUN = "tests/support/one_lesson.py"
AS_A_CAREFUL_USER = (
    "import os, runpy, sys; os.umask(0o077); sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name='__main__')"
)
END = ("-m", "course.cli", "gateway", "stop", "--end-sessions")


def test_a_user_of_group_docker_in_a_home_of_another_file_system(engine_url: str, tmp_path: Path) -> None:
    """No root, umask 077, spaces and umlauts in the path of the clone and of the lessons, a home in memory."""
    place = Path("/home/somebody/Meine Kürse/slipway")
    lessons = f"{HOME}/Übungen 1"
    script = f"""
import subprocess, sys
run = [sys.executable, "-c", {AS_A_CAREFUL_USER!r}, {RUN!r}, {lessons!r}, "L00", "L02"]
code = subprocess.run(run).returncode
sys.exit(code or subprocess.run([sys.executable, *{END!r}]).returncode)
"""
    done = run_elsewhere(place, USER, engine_url, ["-c", script], SLIPWAY_WORKSPACE=lessons)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "ran L00 slipway\nran L02 slipway\n" in done.stdout


def test_a_clone_below_tmp(engine_url: str, tmp_path: Path) -> None:
    script = f"""
import subprocess, sys
code = subprocess.run([sys.executable, {RUN!r}, {str(tmp_path / "lessons")!r}, "L00"]).returncode
sys.exit(code or subprocess.run([sys.executable, *{END!r}]).returncode)
"""
    done = run_elsewhere(tmp_path / "slipway", 0, engine_url, ["-c", script])
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "ran L00 slipway\n" in done.stdout


@pytest.fixture
def two_courses(engine_url: str) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """The variables of two courses of one user on one engine, each with its own folders."""
    folder = tempfile.TemporaryDirectory(prefix="sw-", dir="/tmp")  # short, for the paths of sockets
    courses = tuple(
        os.environ
        | {
            "SLIPWAY_ENGINE": engine_url,
            "SLIPWAY_WORKSPACE": str(Path(folder.name, name)),
            "SLIPWAY_STATE_DIR": str(Path(folder.name, name, "state")),
            "SLIPWAY_RUNTIME_DIR": str(Path(folder.name, name, "run")),
        }
        for name in ("a", "b")
    )
    for one in courses:
        Path(one["SLIPWAY_WORKSPACE"]).mkdir()
    yield courses  # type: ignore[misc]  # a tuple of two
    for one in courses:
        subprocess.run([sys.executable, *END], env=one, cwd=ROOT, check=False, capture_output=True)
    folder.cleanup()


def test_a_second_course_beside_the_first_keeps_its_own(
    two_courses: tuple[dict[str, str], dict[str, str]], engine: docker.DockerClient
) -> None:
    """The same names at the same time; the end of one course, and its sweep, leave the other's container running."""
    start = (
        "import docker; from course.session.attach import ATTACHMENT; ATTACHMENT.require();"
        "made = docker.from_env().containers.run('course/busybox', ['sleep', '600'], name='web', detach=True);"
        "print(made.id)"
    )

    def run(course: dict[str, str], *words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words], env=course, cwd=course["SLIPWAY_WORKSPACE"], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    first, second = two_courses
    made = [run(course, "-c", start) for course in two_courses]
    assert made[0] != made[1]
    run(first, *END)
    run(first, "-m", "course.cli", "session", "sweep")
    assert [one["Id"] for one in engine.api.containers(all=True) if one["Id"] in made] == [made[1]]
    assert engine.containers.get(made[1]).status == "running"
    run(second, *END)
    assert [one["Id"] for one in engine.api.containers(all=True) if one["Id"] in made] == []
