"""docker-py's own integration suite, run against an address: what passed, and what the others said.

The suite isn't part of this project: `SLIPWAY_DOCKER_PY` names a checkout of github.com/docker/docker-py. It needs
images of Docker Hub (alpine, busybox, hello-world); a registry on this machine stands in, as the engine's mirror.
"""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import time
import urllib.request
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import docker

LEFT_OUT = ("swarm", "service", "secret", "config", "plugin", "nodes", "context")
HUB = ("alpine:3.10", "alpine:latest", "busybox:latest", "hello-world:latest")
# tests/helpers.py imports it for a kind of socket that only an engine behind SSH gives
PARAMIKO = "class Channel:\n    pass\n"
TEST_SECONDS, SUITE_SECONDS = 60, 1500


def free_port() -> int:
    """A port that nobody has now."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])


@contextmanager
def hub(engine_url: str, port: int) -> Iterator[None]:
    """A registry on that port of 127.0.0.1 with the images that the suite pulls from Docker Hub."""
    with closing(docker.DockerClient(base_url=engine_url, version="auto", timeout=120)) as client:
        registry = client.containers.run("course/registry", detach=True, ports={"5000/tcp": ("127.0.0.1", port)})
        try:
            wait_for(f"http://127.0.0.1:{port}/v2/")
            for name in HUB:
                recipe = f"FROM course/busybox\nLABEL stands-for={name}\nRUN echo {name} > /name\nCMD echo Hello\n"
                tag = f"127.0.0.1:{port}/library/{name}"
                client.images.build(fileobj=io.BytesIO(recipe.encode()), tag=tag, rm=True)
                list(client.images.push(tag, stream=True))
                client.images.remove(tag)
            yield
        finally:
            registry.remove(force=True, v=True)


def wait_for(url: str) -> None:
    """Wait until a server answers."""
    deadline = time.monotonic() + 30
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def run(suite: Path, environment: Mapping[str, str], work: Path) -> dict[str, str]:
    """Run the suite, without swarm, plugins and contexts; "" by the name of a test that passed, else why it did not.

    Args:
        suite: the checkout.
        environment: where it connects to.
        work: a folder for its temporary files, which it mounts into containers.
    """
    tests = sorted((suite / "tests/integration").glob("*_test.py"))
    chosen = [str(path) for path in tests if not any(f"{word}" in path.name for word in LEFT_OUT)]
    modules, temporary, report = work / "modules", work / "tmp", work / "report.xml"
    modules.mkdir()
    temporary.mkdir()
    (modules / "paramiko.py").write_text(PARAMIKO)
    variables = {**os.environ, **environment, "PYTHONPATH": str(modules), "TMPDIR": str(temporary), "HOME": str(work)}
    options = ["-p", "no:cacheprovider", "-q", f"--timeout={TEST_SECONDS}", f"--junitxml={report}"]
    with (work / "output.txt").open("wb") as output:
        command = [sys.executable, "-m", "pytest", *options, *chosen]
        subprocess.run(
            command, cwd=suite, env=variables, stdout=output, stderr=output, timeout=SUITE_SECONDS, check=False
        )
    return dict(_results(report))


def _results(report: Path) -> Iterator[tuple[str, str]]:
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        words = [f"{one.tag}: {one.get('message') or ''}" for one in case if one.tag in ("failure", "error", "skipped")]
        yield f"{str(case.get('classname')).removeprefix('tests.integration.')}::{case.get('name')}", "; ".join(words)
