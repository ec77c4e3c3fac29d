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


def test_networks_and_volumes_of_another_lesson_are_named_as_such(says, inside: docker.DockerClient) -> None:
    setup("L00")
    inside.networks.create("quay")
    inside.volumes.create("ledger")
    setup("L01")
    quay, ledger = checks.network("quay"), checks.volume("ledger")
    assert says("L01-one", quay.exists()) == "network.of_lesson"
    assert says("L01-one", quay.removed()) == "network.absent"
    assert says("L01-one", ledger.exists()) == says("L01-one", ledger.holds("a")) == "volume.of_lesson"
    assert says("L01-one", ledger.removed()) == "volume.absent"
    assert says("L00-only", quay.exists()) == says("L00-only", ledger.exists()) == "passed"


def test_what_takes_the_name_of_a_removed_one_belongs_to_its_own_lesson(says, inside: docker.DockerClient) -> None:
    setup("L00")
    first = inside.volumes.create("ledger").attrs["CreatedAt"]
    inside.images.get("course/busybox").tag("poster")
    setup("L01")
    assert says("L01-one", checks.image("postr").exists()) == "image.absent"
    while True:  # the engine tells a volume's time by the second
        inside.volumes.get("ledger").remove()
        if inside.volumes.create("ledger").attrs["CreatedAt"] != first:
            break
    inside.images.get("course/python").tag("poster")
    assert says("L01-one", checks.volume("ledger").exists()) == "passed"
    assert says("L01-one", checks.image("postr").exists()) == "image.name_near"


def test_what_was_done_in_another_lesson_is_not_done_in_this_one(says, inside: docker.DockerClient) -> None:
    setup("L00")
    inside.networks.create("mole").remove()
    inside.volumes.create("till").remove()
    inside.containers.create("course/busybox", name="kiosk").remove()
    journal = checks.journal()
    assert says("L00-only", journal.shows("create", "kiosk")) == "passed"
    assert says("L00-only", checks.network("mole").removed()) == "passed"
    setup("L01")
    assert says("L01-one", journal.shows("create", "kiosk")) == "journal.not_done"
    assert says("L01-one", journal.lacks("create", "kiosk")) == "passed"
    assert says("L01-one", checks.network("mole").removed()) == "network.absent"
    assert says("L01-one", checks.volume("till").removed()) == "volume.absent"
    assert says("L01-one", checks.volume("till").outlives("kiosk")) == "container.never_made"
    assert says("L00-only", journal.shows("create", "kiosk")) == "passed"


def test_what_is_done_to_a_lessons_own_container_counts_in_whatever_turn(says, inside: docker.DockerClient) -> None:
    setup("L00")
    web = inside.containers.create("course/busybox", name="web")
    setup("L01")  # in another notebook; then `docker rename` and `docker rm` in a terminal of the first one
    web.rename("shop")
    assert says("L00-only", checks.journal().shows("rename")) == "passed"
    assert says("L01-one", checks.journal().shows("rename")) == "passed", "it was done in this turn too"
