"""The kernel finds its workspace's session before the first cell, keeps it, and says why where it cannot."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from live_kernel import LiveKernel, wait_until

from course.gateway import Client
from course.gateway.errors import NoSession
from course.gateway.peer import identify

CLIENT = "import docker; client = docker.from_env()"
WHICH = "import os; print(os.environ.get('SLIPWAY_SESSION'), os.environ['DOCKER_HOST'])"
FRESH: dict[str, str | None] = {"DOCKER_HOST": None, "SLIPWAY_SESSION": None}


@pytest.fixture
def workspace(tmp_path: Path, engine_url: str) -> Iterator[Path]:
    """A learner's workspace; its session is ended afterwards."""
    from course.gateway.lease import workspace_name

    yield tmp_path
    with suppress(NoSession):
        Client(engine_url).end(workspace_name(tmp_path))


@pytest.fixture
def env(workspace: Path, engine_url: str) -> dict[str, str | None]:
    return {**FRESH, "SLIPWAY_ENGINE": engine_url, "SLIPWAY_WORKSPACE": str(workspace)}


def test_plain_docker_py_in_the_first_cell_reaches_the_workspaces_session(
    workspace: Path, env: dict[str, str | None], engine_url: str
) -> None:
    with LiveKernel(workspace, env) as kernel:
        first = kernel.must(f"{CLIENT}; client.containers.create('course/busybox', name='web')\n{WHICH}")
    sid, url = first.stdout.split()
    assert engine_url not in url
    shown = Client(engine_url).show(sid)
    assert (shown["policy"], shown["containers"]) == ("own", 1)


def test_a_restarted_kernel_finds_its_containers_alive(workspace: Path, env: dict[str, str | None]) -> None:
    with LiveKernel(workspace, env) as kernel:
        kernel.must(f"{CLIENT}; client.containers.run('course/busybox', ['sleep', '300'], name='web', detach=True)")
        kernel.restart()
        found = kernel.must(f"{CLIENT}; print(client.containers.get('web').status)")
    assert found.stdout == "running\n"


def test_lessons_of_one_workspace_share_a_session_also_without_the_server_extension(
    workspace: Path, env: dict[str, str | None]
) -> None:
    names = []
    for lesson in ("L01-containers", "L02-images"):
        folder = workspace / lesson
        folder.mkdir()
        (folder / f"{lesson}.ipynb").write_text("{}")
        with LiveKernel(folder, {**env, "SLIPWAY_WORKSPACE": None}) as kernel:
            names.append(kernel.must(WHICH).stdout)
    assert names[0] == names[1] != ""


def test_a_session_that_the_environment_names_is_kept(workspace: Path, engine_url: str) -> None:
    given = {"SLIPWAY_ENGINE": engine_url, "SLIPWAY_SESSION": "given", "DOCKER_HOST": "unix:///given.sock"}
    with LiveKernel(workspace, given) as kernel:
        assert kernel.must(WHICH).stdout == "given unix:///given.sock\n"


def test_the_kernel_works_on_after_its_gateway_was_killed(
    workspace: Path, env: dict[str, str | None], engine_url: str
) -> None:
    with LiveKernel(workspace, env) as kernel:
        kernel.must(f"{CLIENT}; client.containers.run('course/busybox', ['sleep', '300'], name='web', detach=True)")
        said = Client(engine_url).home.announcement()
        assert said is not None
        killed = identify(said["pid"])
        os.kill(killed.pid, signal.SIGKILL)
        wait_until(lambda: not killed.alive())
        assert kernel.must(f"{CLIENT}; print(client.containers.get('web').status)").stdout == "running\n"


def test_after_its_session_was_ended_the_next_cell_gets_a_new_one(
    workspace: Path, env: dict[str, str | None], engine_url: str
) -> None:
    with LiveKernel(workspace, env) as kernel:
        before = kernel.must(WHICH).stdout.split()[0]
        Client(engine_url).end(before)
        kernel.must(f"{CLIENT}; client.ping()")
        assert kernel.must(WHICH).stdout.split()[0] not in (before, "None")


def test_without_an_engine_the_kernel_starts_and_the_set_up_cell_says_why(workspace: Path) -> None:
    gone: dict[str, str | None] = {**FRESH, "SLIPWAY_ENGINE": f"unix://{workspace}/no.sock"}
    with LiveKernel(workspace, gone) as kernel:
        assert kernel.must("print(1 + 1)").stdout == "2\n"
        for cell in (CLIENT, "from course.lesson import setup; setup('L00')"):
            ran = kernel.run(cell)
            lines = [line.partition(":")[0] for line in ran.shown_error.splitlines()]
            assert lines[1:] == ["expected", "observed", "try next"], ran.shown_error
            assert "engine" in ran.shown_error


def test_without_a_session_no_cell_reaches_the_engine_itself(workspace: Path, engine_url: str) -> None:
    """The gateway cannot start, because its folder cannot be made; the engine is there all the same."""
    (workspace / "file").write_text("")
    broken: dict[str, str | None] = {
        "SLIPWAY_SESSION": None, "DOCKER_HOST": engine_url, "SLIPWAY_STATE_DIR": str(workspace / "file" / "state"),
    }  # fmt: skip
    with LiveKernel(workspace, broken) as kernel:
        assert kernel.run(f"{CLIENT}; client.ping()").error == "DockerException"
        assert engine_url not in kernel.must(WHICH).stdout
        assert kernel.must("print(os.environ['SLIPWAY_ENGINE'])").stdout.strip() == engine_url, "the choice is kept"


def test_nothing_of_the_course_imports_ipython_or_docker_before_it_is_used() -> None:
    code = (
        "import json, sys, course, course.lesson, course.progress, course.session.attach\n"
        "print(json.dumps([name for name in ('IPython', 'ipykernel', 'docker', 'ipywidgets') if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
