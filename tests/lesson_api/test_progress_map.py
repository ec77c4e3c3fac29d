"""The map of progress shows what is done, begun, open and next, and follows the record on disk."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from course import progress
from course.widgets import progress_map
from course.widgets.cells import Cell
from course.widgets.progress_picture import ProgressMap

SECONDS = 30.0


@pytest.fixture(autouse=True)
def _own_progress(small_course: Path) -> None:
    """Every test has its own folder and the small course."""


def lesson(picture: ProgressMap, lesson_id: str) -> dict[str, Any]:
    return next(one for one in picture.state["lessons"] if one["id"] == lesson_id)


def test_a_fresh_learner_is_sent_to_the_first_lesson() -> None:
    picture = progress_map()
    assert picture.state["summary"] == "0 of 2 lessons done"
    first = lesson(picture, "L00")
    assert (first["words"], first["next"], first["link"]) == ("○ not begun", True, "../L00-begin/L00-begin.ipynb")
    assert first["exercises"][0]["words"] == "○ open"
    assert picture.state["next"].startswith("Next: open L00-begin/L00-begin.ipynb")


def test_what_was_earned_is_shown_and_the_next_lesson_named() -> None:
    progress.record_opened("L00")
    progress.record_check("L00-only", 1, 2)
    picture = progress_map()
    assert lesson(picture, "L00")["words"] == "… begun"
    assert lesson(picture, "L00")["exercises"][0]["words"] == "… begun"
    progress.record_check("L00-only", 2, 2)
    picture.look()
    first = lesson(picture, "L00")
    assert (first["words"], first["next"]) == ("✓ done", False) and first["detail"].startswith("2 of 2 points, ")
    assert lesson(picture, "L01")["next"]
    assert picture.state["summary"] == "1 of 2 lessons done"
    for fact in ("L00 Begin", "The only exercise: ✓ done", "1 of 2 lessons done", "Next: open L01-go-on"):
        assert fact in picture.text() and fact in picture.html()
    assert re.findall("href='([^']*)'", picture.html()) == [
        "../L00-begin/L00-begin.ipynb",
        "../L01-go-on/L01-go-on.ipynb",
    ]


def test_hostile_titles_stay_text_in_the_static_page() -> None:
    picture, hostile = progress_map(), "<img src=x onerror=alert(1)>'\""
    exercise = {**picture.state["lessons"][0]["exercises"][0], "title": hostile}
    hostile_lesson = {**picture.state["lessons"][0], "name": hostile, "link": hostile, "exercises": [exercise]}
    picture.state = {**picture.state, "lessons": [hostile_lesson], "next": hostile}
    assert picture.html().count("&lt;img") == 4 and "<img" not in picture.html()


def test_it_follows_what_other_kernels_record_until_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("course.widgets.drawn.running_cell", lambda: Cell("a", "progress_map()", "1"))
    picture = progress_map()
    progress.record_opened("L00")
    until(lambda: lesson(picture, "L00")["words"] == "… begun")
    (watching,) = watchers()
    picture.close()
    watching.join(SECONDS)
    assert not watching.is_alive()


def test_without_a_person_nothing_watches() -> None:
    progress_map()
    assert watchers() == []


def test_no_command_is_known() -> None:
    picture, answers = progress_map(), []
    picture.send = lambda content, buffers=None: answers.append(content)  # in place of the front end's end of the comm
    picture._received(picture, {"id": 1, "command": {"type": "open"}}, [])
    assert not answers[0]["ok"]


def watchers() -> list[Any]:
    import threading

    return [thread for thread in threading.enumerate() if thread.name == "slipway-progress"]


def until(true: Any) -> None:
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)
