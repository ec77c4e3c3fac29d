"""A session and a warm course kernel in it, shared by the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import docker
import pytest
from live_kernel import LiveKernel

from course.gateway import Session, session


@pytest.fixture(scope="session")
def shared_session(engine_url: str) -> Iterator[Session]:
    """A learner's session; tests clean up what they make in it."""
    with session(name="kernel-tests") as opened:
        yield opened


@pytest.fixture(scope="session")
def inside(shared_session: Session) -> Iterator[docker.DockerClient]:
    """A docker-py client of that session."""
    with closing(docker.DockerClient(shared_session.url, timeout=60)) as client:
        yield client


@pytest.fixture(scope="session")
def kernel_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the warm kernel runs."""
    return tmp_path_factory.mktemp("lesson")


@pytest.fixture(scope="session")
def warm(shared_session: Session, kernel_folder: Path) -> Iterator[LiveKernel]:
    """One course kernel that was given the session, as a grader gives one."""
    with LiveKernel(kernel_folder, shared_session.environment()) as kernel:
        yield kernel


@pytest.fixture
def clean(inside: docker.DockerClient) -> Iterator[docker.DockerClient]:
    """The session's client; afterwards the session holds nothing but the base images."""
    from course.lesson.belongings import holdings, remove

    yield inside
    remove(inside, list(holdings(inside)))
