"""The solutions of lessons on the other engines of the matrix, and on base images that came from a registry.

`SAMPLE` by default: a build, the cache, a network, all together. SLIPWAY_EVERYTHING=1 runs all lessons.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import docker
import official_images
import pytest
from matrix import ENGINES, EVERYTHING
from nbval_run import compare

from course import manifest
from course.engine import Daemon
from course.images import ensure, look
from course.images.from_registry import RegistrySource
from course.images.recipe import bases
from course.images.settings import Settings
from course.manifest import Lesson
from grader.authoring.answers import reference
from grader.authoring.prove import claims
from grader.authoring.prove.attempt import Prover

SAMPLE = ("L02", "L04", "L05", "L09")
LESSONS = [one for one in manifest.load().lessons if EVERYTHING or one.id in SAMPLE]
OTHERS = [name for name in ENGINES if name != "debian12"]
by_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.id)


@pytest.fixture(scope="module")
def on_engine(request: pytest.FixtureRequest, name: str) -> Iterator[str]:
    """The engine's address, as that of every session that is opened meanwhile; its gateway ends with the module."""
    yield from _as_the_engine(str(request.getfixturevalue(ENGINES[name])))


@pytest.fixture(scope="module")
def bases_from_a_registry(engine: docker.DockerClient, outside_state: None) -> Iterator[str]:
    """An engine whose base images were made of a registry's images that are like the official ones."""
    if os.geteuid() != 0:
        pytest.skip("a private engine needs root")
    daemon = Daemon(Path(tempfile.mkdtemp(prefix="sw", dir="/tmp")), f"reg{os.getpid() % 10000}")
    try:
        with daemon, contextlib.closing(daemon.client()) as client:
            client.images.load(b"".join(engine.images.get("course/registry").save(named=True)))
            with official_images.registry(client) as address:
                published = official_images.publish(engine, client, address)
                client.images.remove("course/registry", force=True)
                ensure(client, sources=[RegistrySource(Settings(registry=address, upstream=published))])
            origins = [look(client, recipe).origin for recipe in bases().values()]
            assert all(origin.startswith("registry: ") for origin in origins)
            yield from _as_the_engine(daemon.url)
    finally:
        daemon.remove()


@pytest.fixture(scope="module")
def outside_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A state folder without archives of other sources."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLIPWAY_STATE_DIR", str(tmp_path_factory.mktemp("state")))
        yield


def _as_the_engine(url: str) -> Iterator[str]:
    from course.gateway import Client

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLIPWAY_ENGINE", url)
        yield url
        Client().stop(end_sessions=True)


@pytest.mark.parametrize("name", OTHERS, scope="module")
@by_lesson
def test_the_solutions_of_a_lesson_earn_all_points(lesson: Lesson, name: str, on_engine: str, tmp_path: Path) -> None:
    assert not _findings(lesson, tmp_path)


@pytest.mark.parametrize("name", OTHERS if EVERYTHING else OTHERS[-1:], scope="module")
@by_lesson
def test_a_lesson_prints_the_same(lesson: Lesson, name: str, on_engine: str, tmp_path: Path) -> None:
    from course.gateway import session

    with session(policy="class") as own:
        assert not compare(lesson, own.environment(), tmp_path)


@by_lesson
def test_they_do_on_base_images_from_a_registry(lesson: Lesson, bases_from_a_registry: str, tmp_path: Path) -> None:
    assert not _findings(lesson, tmp_path)


def _findings(lesson: Lesson, folder: Path) -> str:
    with Prover(lesson, folder / "room") as prover:
        findings = [
            finding
            for exercise in lesson.exercises
            for finding in claims.earns_all(lesson, prover.attempt(reference(prover.notebook.exercise(exercise.id))))
        ]
    return "\n".join(str(finding) for finding in findings)
