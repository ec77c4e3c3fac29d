"""Lessons beside each other in one session: each check looks at what its own lesson made."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from course.gateway import Session
from course.lesson import setup
from course.lesson.current import choose, take_turn
from grader import checks
from grader.checks import Check
from grader.checks.bench import Bench, use


@pytest.fixture
def says(small_course: Path, inside: docker.DockerClient, lesson_session: Session) -> Iterator[object]:
    """What a check of an exercise answers: the message's id, or the outcome where there is none."""

    def ask(exercise: str, check: Check) -> str:
        (result,) = checks.judge(exercise, check, points=1).results
        return result.message or result.outcome

    with use(Bench(records_progress=False, machines={"": inside})):
        yield ask


def test_what_an_earlier_lesson_removed_or_named_alike_is_no_attempt(says, inside: docker.DockerClient) -> None:
    setup("L00")
    inside.containers.create("course/busybox", name="front").remove()
    inside.containers.create("course/busybox", name="stalls")
    inside.images.get("course/busybox").tag("poster")
    assert says("L00-only", checks.container("front").exists()) == "container.gone"
    assert says("L00-only", checks.container("stall").exists()) == "container.name_near"
    assert says("L00-only", checks.image("postr").exists()) == "image.name_near"
    setup("L01")
    for subject in (checks.container("front"), checks.container("stall")):
        assert says("L01-one", subject.exists()) == "container.absent"
    assert says("L01-one", checks.image("postr").exists()) == "image.absent"


def test_a_container_of_another_lesson_is_named_as_such(says, inside: docker.DockerClient) -> None:
    setup("L00")
    inside.containers.create("course/busybox", name="web")
    setup("L01")
    assert says("L01-one", checks.container("web").exists()) == "container.of_lesson"
    assert says("L01-one", checks.containers("web").exist(count=1)) == "containers.none"
    assert says("L00-only", checks.container("web").exists()) == "passed"


def test_a_cell_of_an_open_notebook_takes_the_turn_back(
    says, inside: docker.DockerClient, lesson_session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup("L00")
    setup("L01")  # in another notebook
    choose("L00")  # the first notebook goes on: its kernel never ran another set-up cell
    monkeypatch.setenv("SLIPWAY_SESSION", lesson_session.id)
    assert os.environ["DOCKER_HOST"]
    take_turn()
    inside.containers.create("course/busybox", name="web")
    assert says("L00-only", checks.container("web").exists()) == "passed"
    assert says("L01-one", checks.container("web").exists()) == "container.of_lesson"


def test_a_tag_that_all_images_have_makes_no_two_names_alike(says, inside: docker.DockerClient) -> None:
    inside.images.get("course/busybox").tag("poster")
    assert says("L00-only", checks.image("quote").exists()) == "image.absent"
