"""The docker command of today in a session: `docker build`, `docker buildx …` and Compose, by two plugins."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import debian_roots
import docker
import pytest

from course.errors import CourseError
from course.gateway import Client, Session, docker_config, session

SECONDS = 120
RECIPE = "# syntax=docker/dockerfile:1\n"
RECIPE += "FROM course/busybox\nCOPY page.txt /page.txt\nRUN echo building; cat /page.txt >&2\nCMD sleep 300\n"
COMPOSE = """
services:
  web:
    build: .
    command: sh -c "echo started; httpd -f -p 8000 -h /"
    ports: ["8000"]
  asks:
    build: {context: ., args: {WHO: asks}}
    command: sh -c "wget -q -O- http://web:8000/page.txt; sleep 300"
    depends_on: [web]
"""
Docker = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def todays_docker() -> Path:
    """The docker command of Debian forky; buildx and Compose of that version are in its folder of plugins."""
    try:
        found = debian_roots.root("forky") / "usr/bin/docker"
    except CourseError as error:
        pytest.skip(str(error))
    if subprocess.run([found, "--version"], capture_output=True, check=False).returncode:
        pytest.skip("this docker command does not run here")
    return found


@pytest.fixture(scope="module")
def own(engine28_containerd_url: str) -> Iterator[Session]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLIPWAY_ENGINE", engine28_containerd_url)
        with session("own") as opened:
            yield opened
        Client().stop(end_sessions=True)


@pytest.fixture(scope="module")
def variables(todays_docker: Path, own: Session) -> Iterator[dict[str, str]]:
    """What a process of the session has, for a user whose own folder of plugins has the system's buildx and Compose."""
    with tempfile.TemporaryDirectory(prefix="sw") as home:
        plugins = Path(home, ".docker/cli-plugins")
        plugins.mkdir(parents=True)
        for name in ("docker-buildx", "docker-compose"):
            (plugins / name).symlink_to(todays_docker.parents[1] / "libexec/docker/cli-plugins" / name)
        kept = {key: value for key, value in os.environ.items() if key != "DOCKER_CONFIG"} | {"HOME": home}
        yield {**kept, **own.environment(), **docker_config.variables(kept)}


@pytest.fixture(scope="module")
def cli(todays_docker: Path, variables: dict[str, str]) -> Docker:
    def run(*words: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [todays_docker, *words],
            env=variables,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "site"
    place.mkdir()
    (place / "page.txt").write_text(f"{tmp_path}\n")
    (place / "Dockerfile").write_text(RECIPE)
    (place / "compose.yaml").write_text(COMPOSE)
    return place


@pytest.fixture(autouse=True)
def _own_images_go(own: Session) -> Iterator[None]:
    """The session lasts longer than a test, and its images would be left behind."""
    yield
    with closing(docker.DockerClient(own.url, version="auto", timeout=SECONDS)) as client:
        for image in client.images.list():
            if not any(tag.startswith("course/") for tag in image.tags):
                client.images.remove(image.id, force=True)


@pytest.mark.parametrize(
    "words", ["build", "buildx build", "image build", "builder build", "build --progress=plain --load"]
)
def test_docker_build_builds_with_buildkit_and_prints_no_deprecation(cli: Docker, folder: Path, words: str) -> None:
    done = cli(*words.split(), "-t", "cli:1", str(folder))
    assert done.returncode == 0, done.stderr
    assert "[3/3] RUN echo building; cat /page.txt >&2" in done.stdout and str(folder.parent) in done.stdout
    assert "Successfully tagged cli:1" in done.stdout
    assert "DEPRECATED" not in done.stderr and "legacy" not in done.stderr
    assert cli("run", "--rm", "cli:1", "cat", "/page.txt").stdout == f"{folder.parent}\n"


def test_a_build_that_fails_tells_the_line(cli: Docker, folder: Path) -> None:
    (folder / "Dockerfile").write_text("FROM course/busybox\n\nRUN --network=none exit 3\n")
    done = cli("build", str(folder))
    assert done.returncode == 1
    assert "Dockerfile line 3: RUN --network=none exit 3" in done.stdout and "exit code: 3" in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("build --secret id=a .", "--secret: a session can't hand secrets to a build"),
        ("build --ssh default .", "--ssh: a session can't hand an SSH agent"),
        ("build --push -t a:1 .", "--push: build with a tag, then docker push"),
        ("build -o out .", "--output: the image goes to the engine"),
        ("build --build-context a=../b .", "--build-context: the context is the only one"),
        ("build --allow security.insecure .", "--allow: a session gives a build no entitlements"),
        ("buildx bake", "docker buildx bake: not available in a session: docker compose build"),
        ("buildx create --use", "docker buildx create: not available in a session"),
        ("buildx imagetools inspect a", "docker buildx imagetools: not available in a session"),
    ],
)
def test_what_buildx_has_and_a_session_has_not_is_refused_in_words(
    cli: Docker, folder: Path, words: str, says: str
) -> None:
    done = cli(*words.split(), folder=folder)
    assert done.returncode == 1
    assert says in done.stderr


def test_buildx_tells_its_one_builder(cli: Docker) -> None:
    done = cli("buildx", "ls")
    assert done.returncode == 0, done.stderr
    assert "default*" in done.stdout and "linux/" in done.stdout
    assert cli("buildx", "version").returncode == 0
    pruned = cli("builder", "prune", "--force")
    assert pruned.returncode == 0 and "Total reclaimed space" in pruned.stdout and "DEPRECATED" not in pruned.stderr


def test_a_build_ends_with_the_command(
    todays_docker: Path, variables: dict[str, str], folder: Path, own: Session
) -> None:
    (folder / "Dockerfile").write_text(f"FROM course/busybox\nRUN echo {folder}; sleep 600\nRUN after\n")
    command = [todays_docker, "build", "."]
    with subprocess.Popen(command, cwd=folder, env=variables, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == str(folder):
                break
        process.send_signal(signal.SIGTERM)
        left = process.stdout.read()  # ends when the last process that writes to it has ended
    assert process.returncode != 0 and "after" not in left


def test_compose_builds_starts_shows_and_removes(cli: Docker, folder: Path) -> None:
    def compose(*words: str) -> str:
        done = cli("compose", *words, folder=folder)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    up = compose("up", "--build", "--detach")
    assert "DEPRECATED" not in up
    try:
        assert compose("ps", "--format", "{{.Service}} {{.State}}").split("\n")[:2] == ["asks running", "web running"]
        assert "started" in compose("logs", "web")
        assert compose("exec", "-T", "web", "cat", "/page.txt") == f"{folder.parent}\n"
        assert compose("exec", "-T", "asks", "wget", "-q", "-O-", "http://web:8000/page.txt") == f"{folder.parent}\n"
        assert "site-web" in compose("images")
    finally:
        compose("down", "--volumes", "--rmi", "local")
    assert compose("ps", "--all", "--quiet") == ""
