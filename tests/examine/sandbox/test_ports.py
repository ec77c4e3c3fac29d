"""HTTP from a cell to what its own session publishes, and to nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager

import docker
import pytest
from sandbox_world import printed

from course import gateway
from grader.examine.sandbox import SubmissionKernel

pytestmark = pytest.mark.usefixtures("contained")
VISIT = """
import time, urllib.request
def visit(port):
    deadline = time.monotonic() + 30
    while True:
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10).status
        except OSError as error:
            if "refused" in str(error) or time.monotonic() > deadline:
                return error
            time.sleep(0.1)  # it listens, and the server behind it is about to
"""


@contextmanager
def _serving(session: gateway.Session) -> Iterator[str]:
    """A web server of that session; its port on the host."""
    with closing(docker.DockerClient(session.url)) as client:
        command = ["python3", "-m", "http.server", "8000"]
        server = client.containers.run("course/python", command, ports={"8000/tcp": None}, detach=True)
        try:
            server.reload()
            yield server.ports["8000/tcp"][0]["HostPort"]
        finally:
            server.remove(force=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may listen in another network")
def test_a_port_of_the_own_session_answers_and_one_of_another_does_not(
    target: SubmissionKernel, session: gateway.Session, own_session: gateway.Session
) -> None:
    assert target.weaker == ""
    with _serving(own_session) as own, _serving(session) as foreign:
        told = printed(target, f"{VISIT}\nprint(visit({own}))\nprint(visit({foreign}))").splitlines()
    assert told[0] == "200"
    assert "refused" in told[1]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may listen in another network")
def test_without_root_ports_do_not_answer_and_the_kernel_says_so(target: SubmissionKernel) -> None:
    assert target.weaker == "published ports do not answer in the sandbox: Operation not permitted"
