"""The docker CLI, unmodified, in a session."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import course.gateway

Docker = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    """Run a command of the CLI in a session of this module."""
    program = shutil.which("docker")
    if program is None:
        pytest.skip("the docker CLI is not installed")
    folder = tmp_path_factory.mktemp("config")

    with course.gateway.session("class", name="cli") as own:
        environment = {**os.environ, "DOCKER_HOST": own.url, "DOCKER_CONFIG": str(folder), "DOCKER_BUILDKIT": "0"}

        def run(*words: str, given: str = "", tty: bool = False) -> subprocess.CompletedProcess[str]:
            command = [program, *words]
            if tty:
                command = ["script", "-qec", " ".join(command), "/dev/null"]
            return subprocess.run(
                command, input=given, capture_output=True, text=True, env=environment, timeout=120, check=False
            )

        yield run


@pytest.fixture(scope="module")
def image(cli: Docker, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image built by the CLI's classic builder."""
    context = tmp_path_factory.mktemp("context")
    (context / "Dockerfile").write_text("FROM course/busybox\nCOPY f /f\nRUN cat /f\n")
    (context / "f").write_text("from the context\n")
    built = cli("build", "-t", "cli:1", str(context))
    assert "Successfully tagged cli:1" in built.stdout, built.stderr
    return "cli:1"


def test_run_in_the_foreground_with_input_and_with_a_terminal(cli: Docker, image: str, engine_url: str) -> None:
    assert cli("run", "--rm", image, "cat", "/f").stdout == "from the context\n"
    assert cli("run", "--rm", "-i", image, "cat", given="typed\n").stdout == "typed\n"
    assert "/dev/pts/0" in cli("run", "--rm", "-it", image, "tty", tty=True).stdout
    assert cli("run", "--rm", image, "sh", "-c", "exit 5").returncode == 5


def test_a_running_container_can_be_looked_at_and_entered(
    cli: Docker, image: str, engine_url: str, tmp_path: Path
) -> None:
    assert cli("run", "-d", "--name", "web", "-p", "80", image, "sh", "-c", "echo up; sleep 300").returncode == 0
    try:
        shown = cli("ps", "--format", "{{.Names}} {{.Image}} {{.Ports}}").stdout
        assert shown.startswith("web cli:1 127.0.0.1:")
        assert cli("exec", "web", "echo", "inside").stdout == "inside\n"
        assert cli("exec", "-i", "web", "wc", "-c", given="four").stdout.strip() == "4"
        assert "/dev/pts" in cli("exec", "-it", "web", "tty", tty=True).stdout
        assert cli("logs", "web").stdout == "up\n"
        (tmp_path / "f").write_text("copied")
        assert cli("cp", str(tmp_path / "f"), "web:/tmp/f").returncode == 0
        assert cli("cp", "web:/tmp/f", str(tmp_path / "g")).returncode == 0
        assert (tmp_path / "g").read_text() == "copied"
        assert "A /tmp/f" in cli("diff", "web").stdout
        assert "web" in cli("stats", "--no-stream", "web").stdout
        assert "sleep 300" in cli("top", "web").stdout
        assert cli("inspect", "-f", "{{.Name}}", "web").stdout == "/web\n"
        names = cli("events", "--since", "5m", "--until", "0s", "--filter", "container=web").stdout
        assert "name=web" in names and "sw-" not in names
    finally:
        assert cli("rm", "-f", "web").stdout == "web\n"


def test_images_move_and_are_renamed(cli: Docker, image: str, engine_url: str, tmp_path: Path) -> None:
    archive = str(tmp_path / "image.tar")
    assert cli("save", "-o", archive, image).returncode == 0
    assert cli("load", "-i", archive).stdout == "Loaded image: cli:1\n"
    assert cli("tag", image, "cli:2").returncode == 0
    assert "Untagged: cli:2" in cli("rmi", "cli:2").stdout
    assert image in cli("images", "--format", "{{.Repository}}:{{.Tag}}").stdout.splitlines()
    assert "COPY" in cli("history", image).stdout
    assert "up to date" in cli("pull", "course/busybox").stdout


@pytest.mark.parametrize(
    "words",
    [
        "system prune --all --volumes", "system prune --all --volumes --filter label=kept",
        "system prune --all --filter until=24h", "image prune --all --filter label!=kept",
        "container prune --filter until=1h", "network prune --filter label!=kept", "volume prune --filter label=kept",
        "builder prune --all", "builder prune --filter unused-for=1h",
    ],
)  # fmt: skip
def test_whatever_a_tutorial_says_to_clean_up_ends_well(cli: Docker, image: str, engine_url: str, words: str) -> None:
    assert cli("run", "-d", "--name", "uses", image, "sleep", "600").returncode == 0
    try:
        done = cli(*words.split(), "--force")
        assert done.returncode == 0, done.stderr
        assert "course/busybox:latest" in cli("images", "--format", "{{.Repository}}:{{.Tag}}").stdout
    finally:
        cli("rm", "-f", "uses")


def test_a_refusal_is_shown_in_words(cli: Docker, engine_url: str) -> None:
    refused = cli("run", "--rm", "-v", "/:/h", "course/busybox", "true")
    assert refused.returncode == 125 and "named volume" in refused.stderr
    assert "registry" in cli("pull", "somewhere.example/x").stderr


def test_what_a_learner_asks_of_the_engine_is_answered(cli: Docker, engine_url: str) -> None:
    assert cli("version", "--format", "{{.Server.APIVersion}}").stdout.startswith("1.4")
    assert cli("info", "--format", "{{.OperatingSystem}}").stdout == "Slipway session\n"
    assert cli("network", "ls", "--format", "{{.Name}}").stdout == "bridge\n"
