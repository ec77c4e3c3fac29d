"""Goals of a card that tick by themselves: looks follow the engine, wait for cells, and change and record nothing."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "checks"))
from one_of_each import WITHOUT_ENGINE, one_of_each

from course.gateway import Session, journal
from course.widgets.exercise_card import ExerciseCard
from course.widgets.looking import LOOKING, Looking
from grader import looking
from grader.checks import asking
from grader.checks.card import card_of
from grader.checks.exercise import parts_of
from grader.checks.grade import judge_parts

Until = Callable[[Callable[[], object], str], None]
PAGE = b"FROM course/busybox\nRUN mkdir /www && echo hi > /www/index.html\nCMD httpd -f -p 80 -h /www"


@pytest.fixture
def show(inside: docker.DockerClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ExerciseCard]]:
    """Show the card of an exercise, as a check cell does that a person sees."""
    monkeypatch.setattr("course.progress.record_check", lambda *_: pytest.fail("a look records nothing"))
    shown = []

    def show(exercise: str) -> ExerciseCard:
        def judge() -> Any:
            return judge_parts(exercise, parts_of(exercise))

        shown.append(card_of(judge(), judge, solves=True))
        LOOKING.follow(shown[-1])
        return shown[-1]

    yield show
    for card in shown:
        card.close()


def states(card: ExerciseCard) -> list[str]:
    return [goal["status"] for goal in card.state["goals"]]


def test_goals_tick_and_untick_as_the_engine_changes(
    inside: docker.DockerClient, show: Callable[[str], ExerciseCard], until: Until
) -> None:
    card = show("L00-first-container")
    assert states(card) == ["open"] * 3 and card.state["note"] == ""
    inside.containers.create("course/busybox", ["echo", "the shop is ready"], name="first").start()
    until(lambda: states(card) == ["passed"] * 3, "all goals are ticked")
    assert "✓ passed: " in card.state["change"] and "Press Check" in card.state["note"]
    assert card.state["status"] == "open" and card.state["points"].endswith("0 of 3 points"), "points come from Check"
    assert card.text() == "0.0" and "✓ passed" in card.html() and "Press Check" in card.html()
    inside.containers.get("first").remove()
    until(lambda: states(card) == ["failed"] * 3, "no goal is ticked")
    assert "✗ failed: " in card.state["change"]


def test_a_goal_that_needs_more_than_a_look_stays_as_it_was(
    inside: docker.DockerClient, show: Callable[[str], ExerciseCard], until: Until
) -> None:
    card = show("L05-web")
    goals = [check.id for part in parts_of("L05-web") for check in part.checks]
    by_looking, by_running = goals.index("image.exposes"), goals.index("image.serves")
    inside.images.build(fileobj=io.BytesIO(b"FROM course/busybox\nEXPOSE 1\nCMD true"), tag="web", rm=True)
    until(lambda: states(card)[by_looking] != "open", "the image is looked at")
    assert states(card)[by_running] == "open"
    assert inside.containers.list(all=True) == []


def test_a_look_sends_nothing_but_get_and_asks_no_program(
    inside: docker.DockerClient,
    widget_session: Session,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    inside.images.build(fileobj=io.BytesIO(PAGE), tag="shop", rm=True)
    inside.images.get("shop").tag("store")
    for name in ("web", "other"):
        inside.containers.create("shop", name=name, ports={"80/tcp": None}).start()
    inside.containers.create("shop", name="store", ports={"80/tcp": None, "5000/tcp": None}).start()
    (tmp_path / "Dockerfile").write_bytes(PAGE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(looking, "_checks", lambda *_: one_of_each())
    monkeypatch.setattr(asking, "HTTPConnection", lambda *_, **__: pytest.fail("a look asks no program"))
    began = time.time()
    answers = dict(looking.look("L01-stay-up", 0, lambda: False))
    calls = [entry for entry in journal(widget_session.id) if entry.method and entry.time >= began]
    assert {entry.method for entry in calls} <= {"GET", "HEAD"}, sorted({entry.route for entry in calls})
    answered = {one_of_each()[number].id: goal.status for number, goal in answers.items()}
    assert answered["image.exists"] == answered["container.state"] == answered["container.stays_up"] == "passed"
    assert {"image.runs", "image.has_file", "container.executes", "container.serves"}.isdisjoint(answered)
    assert set(answered) >= WITHOUT_ENGINE - {"dockerfile.lint"}


def test_nothing_is_looked_at_where_marks_count(inside: docker.DockerClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(looking.look("L00-first-container", 3, lambda: False))
    monkeypatch.setenv("SLIPWAY_EXAMINER", "1")
    assert list(looking.look("L00-first-container", 3, lambda: False)) == []


def test_a_card_with_other_goals_than_the_source_is_left_alone(inside: docker.DockerClient) -> None:
    assert list(looking.look("L00-first-container", 7, lambda: False)) == []


class Noted:
    """A card that notes whether a cell ran when it was looked at."""

    def __init__(self) -> None:
        self.runs = False
        self.seen: list[bool] = []

    def look(self, stale: Callable[[], bool]) -> None:
        self.seen.append(self.runs)


def test_looks_wait_for_the_end_of_a_cell(inside: docker.DockerClient, until: Until) -> None:
    engine, card = Looking(), Noted()
    engine.follow(card)
    for _ in range(3):
        card.runs = True
        engine._cell_begins()
        engine.changed()
        container = inside.containers.create("course/busybox", ["true"])
        container.remove()
        card.runs = False
        looks = len(card.seen)
        engine._cell_ended()
        until(lambda looks=looks: len(card.seen) > looks, "a look after the cell")  # type: ignore[misc]  # bound now
    assert not any(card.seen)
    thread = engine._thread
    engine.leave(card)
    until(lambda: thread is not None and not thread.is_alive(), "the thread ends with the last card")


def test_a_look_gives_way_to_a_cell() -> None:
    engine = Looking()
    stale = engine._stale_after(engine._changes)
    assert not stale()
    engine._cell_begins()
    assert stale()
