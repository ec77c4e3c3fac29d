"""A session that this process is in, as a kernel is, and pictures that are closed after each test."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing

import docker
import pytest
from ipywidgets.widgets.widget import _instances

from course.gateway import Session, session
from course.widgets.drawn import Drawn

DEADLINE = 30.0


def until(true: Callable[[], object], what: str) -> None:
    """Wait until something is true, with a deadline."""
    end = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < end, f"not within {DEADLINE:.0f} s: {what}"
        time.sleep(0.02)


@pytest.fixture(scope="session", name="until")
def _until() -> Callable[[Callable[[], object], str], None]:
    return until


@pytest.fixture(scope="session")
def widget_session(engine_url: str) -> Iterator[Session]:
    """A learner's session; the tests clean up what they make in it."""
    with session(name="widget-tests") as opened:
        yield opened


@pytest.fixture
def inside(widget_session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[docker.DockerClient]:
    """A client of the session that DOCKER_HOST names; afterwards the session is empty and its pictures are closed."""
    from course.lesson.belongings import holdings, remove

    for name, value in widget_session.environment().items():
        monkeypatch.setenv(name, value)
    with closing(docker.DockerClient(widget_session.url, timeout=60)) as client:
        yield client
        for picture in [known for known in _instances.values() if isinstance(known, Drawn)]:
            picture.close()
        for container in client.containers.list(filters={"status": "paused"}):
            container.unpause()
        remove(client, list(holdings(client)))


@pytest.fixture
def press() -> Callable[..., dict[str, object]]:
    """Send a picture what the browser sends, and wait for the answer."""

    def pressed(picture: Drawn, message: object) -> dict[str, object]:
        answers: list[dict[str, object]] = []
        picture.send = lambda content, buffers=None: answers.append(
            content
        )  # in place of the front end's end of the comm
        picture._received(picture, message, [])
        until(lambda: answers, "an answer")
        return answers[0]

    return pressed
