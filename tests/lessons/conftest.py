"""Fixtures of the lesson tests: the course, one prover for each lesson, and a session that ends with the test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from course import manifest
from course.manifest import Course, Lesson
from grader.authoring.answers import Answer
from grader.authoring.prove.attempt import Attempt, Prover
from grader.authoring.source.new import new_lesson

COURSE = manifest.load()


@dataclass
class Proven:
    """A prover that keeps what it ran, so that a claim over all answers runs none twice."""

    prover: Prover
    done: dict[tuple[str, str], Attempt] = field(default_factory=dict)

    def attempt(self, answer: Answer) -> Attempt:
        key = (answer.exercise, answer.name)
        if key not in self.done:
            self.done[key] = self.prover.attempt(answer)
        return self.done[key]


@pytest.fixture
def course() -> Course:
    return COURSE


@pytest.fixture
def session_env(engine_url: str) -> Iterator[dict[str, str]]:
    """What a kernel needs to work in a session of its own, which ends with the test, and with it its build cache."""
    yield from _environment(engine_url, "class")


@pytest.fixture
def grading_env(engine_url: str) -> Iterator[dict[str, str]]:
    """The same for a session of the policy that grading uses."""
    yield from _environment(engine_url, "grading")


def _environment(engine_url: str, policy: str) -> Iterator[dict[str, str]]:
    from course.gateway import session

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLIPWAY_ENGINE", engine_url)
        with session(policy=policy) as one:
            yield one.environment()


@pytest.fixture(scope="module")
def proven(lesson: Lesson, engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proven]:
    """The prover of the lesson that the test is about; one warm kernel for all of its answers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLIPWAY_ENGINE", engine_url)
        with Prover(lesson, Path(tmp_path_factory.mktemp(lesson.id))) as prover:
            yield Proven(prover)


@pytest.fixture
def fresh(course: Course, tmp_path: Path) -> Course:
    """A course of one lesson, which `grader lesson new` wrote."""
    listed = (course.root / "course.toml").read_text("utf-8")
    start, end = listed.index("lessons = ["), listed.index("]", listed.index("lessons = ["))
    file = tmp_path / "course.toml"
    file.write_text(listed[:start] + "lessons = [" + listed[end:], "utf-8")
    folder = new_lesson(manifest.load(tmp_path), "L07-a-new-one")
    file.write_text(listed[:start] + f'lessons = ["{folder.name}"' + listed[end:], "utf-8")
    return manifest.load(tmp_path)
