"""The course as an image: it is built from a clone, and a lesson runs in it against the engine that runs it."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import debian_roots
import docker
import pytest
import throwaway_root
import wheelhouse
import yaml
from docker.models.containers import Container
from matrix import EVERYTHING

from course.errors import CourseError

from .conftest import ROOT

pytestmark = [
    pytest.mark.skipif(not EVERYTHING, reason="nightly, in `make proof`"),
    pytest.mark.timeout(2400),  # seconds, with the download
]
BASE = "slipway-test-base"
END = ("course", "gateway", "stop", "--end-sessions")
HERE = "--no-index --find-links /source/wheels"
README = (ROOT / "README.md").read_text("utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]["course"]
PORT = """
import docker, requests, time
web = docker.from_env().containers.run(
    "course/python", ["python3", "-m", "http.server", "8000"], ports={"8000/tcp": None}, detach=True)
try:
    web.reload()
    url = f"http://localhost:{web.ports['8000/tcp'][0]['HostPort']}/"
    for _ in range(300):
        try:
            print(requests.get(url, timeout=5).status_code)
            break
        except requests.ConnectionError:
            time.sleep(0.1)
finally:
    web.remove(force=True)
"""


def command_of_the_readme(program: str) -> list[str]:
    """The command of the README that begins like this."""
    found = re.search(rf"^    ({re.escape(program)} .*?)(?:  +#.*)?$", README, re.MULTILINE)
    assert found is not None, program
    return shlex.split(found[1])


@pytest.fixture(scope="module")
def clone(outside: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone, with the wheels that no registry gives during the build."""
    folder = tmp_path_factory.mktemp("context") / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    try:
        wheels = wheelhouse.fetch("3.14", "x86_64", ("--extra", "grader", "--group", "dev"))
        (folder / "wheels").mkdir()
        for wheel in [*wheels.glob("*.whl"), *wheelhouse.build_system().glob("*.whl")]:
            (folder / "wheels" / wheel.name).write_bytes(wheel.read_bytes())
    except wheelhouse.NotFetched as error:
        pytest.skip(f"packages cannot be fetched: {error}")
    return folder


@pytest.fixture(scope="module")
def image(engine_url: str, clone: Path) -> Iterator[str]:
    """The image, built by the README's command on a base like python:slim; what the build left is removed."""
    with closing(docker.DockerClient(base_url=engine_url, timeout=300)) as client:
        if client.images.list(name=COMPOSE["image"]):
            pytest.skip("this engine has an image of that name")
        try:
            client.api.import_image_from_file(str(debian_roots.python_base()), repository=BASE)
        except CourseError as error:
            pytest.skip(str(error))
        extra = ["--build-arg", f"BASE={BASE}", "--build-arg", f"PIP_OPTIONS={HERE}"]
        command = command_of_the_readme("docker build")
        environment = {**os.environ, "DOCKER_HOST": engine_url, "DOCKER_BUILDKIT": "0"}
        done = subprocess.run(
            [*command[:-1], *extra, command[-1]], cwd=clone, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        yield COMPOSE["image"]
        for name in (COMPOSE["image"], BASE):
            client.images.remove(name)
        for one in client.images.list(filters={"dangling": True}):  # the stage that installs, with its parents
            if any("PIP_OPTIONS" in entry["CreatedBy"] for entry in one.history()):
                client.images.remove(one.id)


@pytest.fixture(scope="module")
def started(engine_url: str, image: str) -> Iterator[Container]:
    """The container of the README's `docker run`, in the background."""
    words = [word for word in command_of_the_readme("docker run") if word not in ("-it", "--rm")]
    environment = {**os.environ, "DOCKER_HOST": engine_url}
    done = subprocess.run([*words[:2], "--detach", *words[2:]], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with closing(docker.DockerClient(base_url=engine_url, timeout=300)) as client:
        container = client.containers.get(done.stdout.strip())
        try:
            yield container
        finally:
            container.remove(force=True)
            client.volumes.get("slipway").remove()


@pytest.fixture
def running(started: Container) -> Iterator[Container]:
    """The same, with JupyterLab up; the sessions that a test used end with it."""
    address_of(started)
    yield started
    as_learner(started, *END)


def as_learner(container: Container, *words: str) -> str:
    """Run a command as a terminal of the devcontainer does."""
    code, output = container.exec_run(list(words), user="learner")
    assert code == 0, output.decode()
    return str(output.decode())


def address_of(container: Container) -> str:
    """Where JupyterLab listens, as soon as its log says so."""
    deadline = time.monotonic() + 120
    while True:
        log = container.logs().decode()
        if found := re.search(r"http://(?:localhost|127\.0\.0\.1):\d+/lab/tree/\S+", log):
            return found[0]
        container.reload()
        assert container.status == "running" and time.monotonic() < deadline, log
        time.sleep(0.1)


def test_jupyterlab_answers_and_has_no_root(running: Container) -> None:
    url = address_of(running)
    assert "/lab/tree/L00-welcome/" in url
    ask = f"import urllib.request; print(urllib.request.urlopen({url!r}).status)"
    assert as_learner(running, "python", "-c", ask) == "200\n"
    status = (
        "for pid in /proc/[0-9]*; do grep -l jupyterlab $pid/cmdline && grep -E '^(Uid|CapEff|NoNew)' $pid/status; done"
    )
    said = as_learner(running, "sh", "-c", status)
    assert re.search(r"Uid:\t1000\t1000\t1000\t1000\nCapEff:\t0+\nNoNewPrivs:\t1\n", said), said


def test_doctor_finds_nothing_wrong(running: Container) -> None:
    assert "✗ " not in as_learner(running, "course", "doctor").replace("✗ browser for tests", "")


def test_the_welcome_lesson_runs_in_it(running: Container) -> None:
    program = (ROOT / "tests/support/one_lesson.py").read_text()
    said = as_learner(running, "python", "-c", program, "/home/learner/slipway", "L00")
    assert said.endswith("ran L00 slipway\n")


def test_a_published_port_is_where_cells_look_for_it(running: Container) -> None:
    assert as_learner(running, "course", "session", "run", "--", "python", "-c", PORT).startswith("200\n")


def test_without_the_socket_it_says_what_is_missing(engine_url: str, image: str) -> None:
    with closing(docker.DockerClient(base_url=engine_url, timeout=300)) as client:
        container = client.containers.run(image, detach=True)
        try:
            assert container.wait()["StatusCode"] == 1
            assert all(word in container.logs().decode() for word in ("expected: ", "observed: ", "try next: "))
        finally:
            container.remove(v=True)


def test_compose_starts_the_same(engine_url: str, image: str, clone: Path) -> None:
    """By Compose of Debian forky; it is told not to build, as its builder would look for another base."""
    try:
        root = debian_roots.root("forky")
    except CourseError as error:
        pytest.skip(str(error))
    socket = Path(engine_url.removeprefix("unix://"))

    def compose(words: str) -> str:
        mounts = {"/srv/slipway": clone, "/run/docker.sock": socket}
        done = throwaway_root.run(root, f"cd /srv/slipway; docker compose {words}", mounts)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    compose("up --detach --no-build")
    try:
        with closing(docker.DockerClient(base_url=engine_url, timeout=300)) as client:
            (started,) = client.containers.list(filters={"label": "com.docker.compose.project=slipway"})
            assert "/lab/tree/" in address_of(started)
            assert "✗ engine" not in as_learner(started, "course", "doctor")
            assert started.attrs["HostConfig"]["CapDrop"] == ["ALL"]
            as_learner(started, *END)
    finally:
        compose("down --volumes")


def test_the_devcontainer_is_the_same_image() -> None:
    settings = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    compose = (ROOT / ".devcontainer" / settings["dockerComposeFile"]).resolve()
    assert compose == ROOT / "compose.yaml" and settings["service"] == "course"
    assert COMPOSE["build"]["dockerfile"] == ".devcontainer/Dockerfile"
    assert settings["remoteUser"] == "learner" and settings["overrideCommand"] is False
