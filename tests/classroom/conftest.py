"""What the tests of a class share: a small course, and the variables of an instructor's terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_class import MadeClass
from postgres import Postgres, postgres
from small_course import write_course

from course.gateway import Client


@pytest.fixture
def small_course(tmp_path: Path) -> Path:
    """A folder with course.toml and one lesson."""
    return write_course(tmp_path)


@pytest.fixture
def on_the_engine(engine_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The variables of a terminal outside any session, with the prepared engine.

    Afterwards the sessions of graders that have ended are awaited: the gateway ends them, and nobody waits for it. That
    of a Jupyter server would stay for a while, for its learner.
    """
    monkeypatch.setenv("SLIPWAY_ENGINE", engine_url)
    monkeypatch.setenv("DOCKER_HOST", engine_url)
    monkeypatch.delenv("SLIPWAY_SESSION", raising=False)
    yield engine_url
    gateway, deadline = Client(engine_url), time.monotonic() + 60
    while left := gateway.sessions():
        for one in left:
            if one["policy"] in ("own", "class"):
                gateway.end(one["id"])
        assert time.monotonic() < deadline, f"sessions that do not end: {left}"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeClass:
    """A class of four, made once; tests work on copies."""
    return MadeClass(tmp_path_factory.mktemp("class"), ["ada", "李 四", "Zoë O'Neil", "=HYPERLINK(1)"])


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """A PostgreSQL server."""
    if not list(Path("/usr/lib/postgresql").glob("*/bin")):
        pytest.skip("PostgreSQL is not installed: `make tools` installs it with root and consent")
    with postgres() as started:
        yield started


@pytest.fixture(scope="session")
def made_in_postgres(made_once: MadeClass, server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The database of that class on the server, to make copies of."""
    database = server.database()
    made = made_once.copy(tmp_path_factory.mktemp("postgres"), _at(server.url(database)))
    made.grader("release", "T01")
    return database


@pytest.fixture
def made(request: pytest.FixtureRequest, made_once: MadeClass, tmp_path: Path) -> MadeClass:
    """That class, in a folder of the test's own; by parameter with its gradebook in PostgreSQL."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return made_once.copy(tmp_path)
    template = request.getfixturevalue("made_in_postgres")
    server: Postgres = request.getfixturevalue("server")
    return made_once.copy(tmp_path, _at(server.url(server.database(template))))


def _at(url: str) -> str:
    return f'c.CourseDirectory.db_url = "{url}"\n'
