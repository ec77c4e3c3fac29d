"""What other lessons of a session made is folded in the pictures of all that it holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest

from course.gateway import Session, machine
from course.lesson import belongings
from course.lesson.current import choose
from course.widgets import earlier, engine_map, two_machines

Begins = Callable[[str], None]


@pytest.fixture
def begins(
    inside: docker.DockerClient, widget_session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Begins:
    """Begin a lesson's turn, as its set-up cell does."""
    monkeypatch.setenv("SLIPWAY_STATE_DIR", str(tmp_path))
    monkeypatch.setattr("course.lesson.current._chosen", [])
    monkeypatch.setattr("course.widgets.earlier._viewpoint", [])

    def begin(lesson: str) -> None:
        belongings.lesson_begins(inside, widget_session.id, lesson)
        choose(lesson)

    return begin


@pytest.fixture(scope="module")
def second(widget_session: Session) -> Session:
    """The colleague's machine; it ends with the session."""
    return machine(widget_session, "colleague")


def names(state: dict[str, Any], kind: str, *, older: bool) -> list[str]:
    bases = ("course/", "image ")
    shown = [one["name"] for one in state[kind] if one.get("older", False) is older]
    return sorted(name for name in shown if not name.startswith(bases))


def make(client: docker.DockerClient, image: str, *containers: str) -> None:
    client.containers.create("course/busybox", "true", name="maker").commit(image)
    client.containers.get("maker").remove()
    for name in containers:
        client.containers.create(image, "true", name=name)


def test_the_map_shows_the_lessons_own_and_folds_the_rest(inside: docker.DockerClient, begins: Begins) -> None:
    begins("L01")
    make(inside, "shop:1", "old-shop", "old-stall")
    make(inside, "quote:1")
    assert engine_map().state["older"] == "", "all of it is this lesson's"
    begins("L02")
    make(inside, "stall:1", "stall")
    inside.containers.create("shop:1", "true", name="new-shop")
    picture = engine_map()
    assert names(picture.state, "containers", older=False) == ["new-shop", "stall"]
    assert names(picture.state, "containers", older=True) == ["old-shop", "old-stall"]
    assert names(picture.state, "images", older=False) == ["shop:1", "stall:1"], "a container of this lesson needs shop"
    assert names(picture.state, "images", older=True) == ["quote:1"]
    assert picture.state["older"] == "3 older, made in L01"
    assert picture.state["images"][-1]["older"] and picture.state["containers"][-1]["older"], "the rest comes last"


def test_the_text_names_what_is_folded_and_the_page_folds_it(inside: docker.DockerClient, begins: Begins) -> None:
    begins("L01")
    make(inside, "shop:1", "old-shop")
    begins("L02")
    inside.containers.create("course/busybox", "true", name="stall")
    picture = engine_map()
    assert "\n2 older, made in L01: shop:1, old-shop" in picture.text()
    assert "  stall: ○ created" in picture.text() and "old-shop: ○ created" not in picture.text()
    own, _, folded = picture.html().partition("<details><summary>2 older, made in L01</summary><table>")
    assert "stall: ○ created" in own and "old-shop" not in own
    assert "shop:1" in folded and "old-shop: ○ created" in folded and folded.endswith("</table></details>")


def test_a_picture_of_an_earlier_lesson_folds_what_came_later(inside: docker.DockerClient, begins: Begins) -> None:
    begins("L01")
    make(inside, "shop:1", "shop")
    begins("L02")
    make(inside, "stall:1", "stall")
    begins("L01")
    picture = engine_map()
    assert picture.state["older"] == "2 of other lessons, made in L02"
    assert names(picture.state, "containers", older=False) == ["shop"]


def test_without_a_lesson_nothing_is_folded(inside: docker.DockerClient, begins: Begins) -> None:
    begins("L01")
    make(inside, "shop:1", "shop")
    begins("L02")
    earlier._viewpoint.clear()
    assert engine_map().state["older"] == ""


def test_two_machines_fold_the_images_of_other_lessons(
    inside: docker.DockerClient, begins: Begins, second: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_MACHINE_COLLEAGUE", second.url)
    begins("L05")
    make(inside, "fleet:1")
    begins("L06")
    make(inside, "list:1")
    picture = two_machines()
    here, there = picture.state["sides"]
    assert names(here, "images", older=False) == ["list:1"] and names(here, "images", older=True) == ["fleet:1"]
    assert (here["older"], there["older"]) == ("1 older, made in L05", "")
    assert "  1 older, made in L05: fleet:1" in picture.text()
    assert "<details><summary>1 older, made in L05</summary>" in picture.html()
