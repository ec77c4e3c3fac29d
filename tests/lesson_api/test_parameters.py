"""Per-learner values: stable for ever, spread over learners, and the same for the grader as for the learner."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.lesson import derive, learner, parameter
from course.lesson.parameters import NoParameter

WORDS = ("amber", "cobalt", "indigo", "russet")


def test_the_values_of_yesterday_are_those_of_tomorrow() -> None:
    """A change here changes the task of every learner in the middle of a course."""
    assert [derive(name, "L04/word", WORDS) for name in ("ada", "grace", "lin")] == ["cobalt", "russet", "amber"]
    assert derive("ada", "L04/port", range(20000, 30000)) == 23002


@given(st.text(), st.text(), st.lists(st.integers(), min_size=1))
def test_a_value_is_always_one_of_the_choices_and_never_changes(name: str, what: str, choices: list[int]) -> None:
    assert derive(name, what, choices) in choices
    assert derive(name, what, choices) == derive(name, what, choices)


def test_learners_with_neighbouring_names_are_spread_evenly() -> None:
    counted = Counter(derive(f"student-{number:03}", "L04/word", WORDS) for number in range(400))
    assert set(counted) == set(WORDS) and min(counted.values()) > 60


def test_the_grader_gets_the_learners_value_from_the_name_alone(
    small_course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_LEARNER", "ada")
    in_the_lesson = parameter("word", lesson="L01"), parameter("port", lesson="L01")
    monkeypatch.setenv("SLIPWAY_LEARNER", "the grader")
    assert in_the_lesson == (
        parameter("word", lesson="L01", learner="ada"),
        parameter("port", lesson="L01", learner="ada"),
    )
    assert in_the_lesson[0] == derive("ada", "L01/word", ("amber", "cobalt", "indigo"))
    assert 20000 <= int(in_the_lesson[1]) <= 29999


def test_the_lesson_is_the_one_whose_folder_is_the_current_one(
    small_course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(small_course / "L01-go-on")
    assert parameter("word", learner="ada") == parameter("word", lesson="L01", learner="ada")


def test_an_unknown_parameter_names_those_that_there_are(small_course: Path) -> None:
    with pytest.raises(NoParameter, match="word, port"):
        parameter("colour", lesson="L01")


def test_the_learner_is_who_the_environment_says_else_who_owns_the_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert learner({"NB_USER": "jovyan", "SLIPWAY_LEARNER": "ada"}) == "ada"
    assert learner({"NB_USER": "jovyan", "JUPYTERHUB_USER": "grace"}) == "grace"
    monkeypatch.setenv("SLIPWAY_WORKSPACE", str(tmp_path))
    assert learner({}) == tmp_path.owner()
