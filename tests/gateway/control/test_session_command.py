"""The commands: exit codes pass, sessions end, and what is shown is true."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import docker
import pytest
from lease_holders import of_session, until
from typer.testing import CliRunner

from course.gateway import Client, attach
from course.gateway.command import gateway_app, session_app

PROGRAM = [sys.executable, "-c", "from course.gateway.command import session_app; session_app()"]


def course_session(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `course session …` as a process."""
    return subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)])
def test_the_exit_code_of_the_command_is_passed_on(gateway: Client, script: str, code: int) -> None:
    assert course_session("run", "--", "sh", "-c", script).returncode == code
    assert gateway.sessions() == []


def test_the_command_is_in_the_session_and_nothing_is_left(gateway: Client, engine: docker.DockerClient) -> None:
    script = "docker run -d --name web course/busybox sleep 600 >/dev/null && docker ps --format {{.Names}} && "
    done = course_session("run", "--name", "mine", "--", "sh", "-c", script + "echo $SLIPWAY_SESSION")
    assert done.returncode == 0, done.stderr
    name, sid = done.stdout.split()
    assert name == "web"
    assert of_session(engine, sid) == []


def test_a_command_that_is_not_there_is_said(gateway: Client) -> None:
    done = course_session("run", "--", "no-such-command-anywhere")
    assert done.returncode != 0
    assert "no-such-command-anywhere" in done.stderr
    assert gateway.sessions() == []


def test_a_terminated_run_ends_its_command_and_its_session(gateway: Client, engine: docker.DockerClient) -> None:
    command = [*PROGRAM, "run", "--", "sh", "-c", "echo $SLIPWAY_SESSION; exec sleep 600"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        sid = process.stdout.readline().strip()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGTERM
    assert of_session(engine, sid) == []


def test_a_killed_run_leaves_nothing(gateway: Client, engine: docker.DockerClient) -> None:
    command = [*PROGRAM, "run", "--policy", "grading", "--", "sh", "-c", "echo $$ $SLIPWAY_SESSION; exec sleep 600"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        pid, sid = process.stdout.readline().split()
        process.kill()
        os.kill(int(pid), signal.SIGKILL)
    until(lambda: not of_session(engine, sid), "the session stayed")


def test_sessions_are_opened_listed_told_and_ended(gateway: Client) -> None:
    runner = CliRunner()
    opened = runner.invoke(session_app, ["open", "mine"])
    assert opened.exit_code == 0, opened.output
    assert "policy own: a guard rail" in opened.stderr
    settings = dict(line.removeprefix("export ").split("=", 1) for line in opened.stdout.splitlines())
    client = docker.DockerClient(settings["DOCKER_HOST"])
    client.containers.create("course/busybox", "true", name="web")
    client.close()
    assert "mine" in runner.invoke(session_app, ["list"]).output
    listed = json.loads(runner.invoke(session_app, ["list", "--json"]).output)
    assert [(facts["name"], facts["containers"]) for facts in listed] == [("mine", 1)]
    told = runner.invoke(session_app, ["show", "mine"]).output
    assert "created container web from course/busybox" in told
    assert "0 objects would be removed" in runner.invoke(session_app, ["sweep", "--dry-run"]).output
    assert "ended" in runner.invoke(session_app, ["end", "mine"]).output
    assert runner.invoke(session_app, ["list"]).output == "no session is open\n"
    assert "created container web" in runner.invoke(session_app, ["show", "mine"]).output
    for line in runner.invoke(session_app, ["show", "mine", "--json"]).output.splitlines():
        assert json.loads(line)["session"] == settings["SLIPWAY_SESSION"]


def test_a_shell_in_a_lessons_folder_is_in_the_session_of_its_workspace(gateway: Client, tmp_path: Path) -> None:
    lesson = tmp_path / "L01-containers"
    lesson.mkdir()
    (lesson / "L01-containers.ipynb").touch()
    with attach(tmp_path) as lease:
        program = [sys.executable, "-c", "from course.gateway.command import shell; shell()"]
        done = subprocess.run(
            program,
            input="echo in $SLIPWAY_SESSION",
            cwd=lesson,
            env={**os.environ, "SHELL": "/bin/sh"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert f"in {lease.session.id}" in done.stdout, done.stderr
        assert gateway.show(lease.session.id)["leases"] >= 1


def test_the_status_names_what_is_weaker(gateway: Client) -> None:
    runner = CliRunner()
    facts = json.loads(runner.invoke(gateway_app, ["status", "--json"]).output)
    assert facts["engine"] == gateway.home.engine
    shown = runner.invoke(gateway_app, ["status"]).output
    for part, why in facts["weaker"].items():
        assert f"! {part}: {why}" in shown
    assert "course/busybox:latest" in shown
    assert runner.invoke(gateway_app, ["stop"]).exit_code == 0


def test_importing_the_face_is_light() -> None:
    heavy = ("aiohttp", "docker", "asyncio", "IPython")
    code = f"import sys, course.gateway; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
