"""Predict before, explain after: the answer is kept, and every reader gets the same words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from course import progress
from course.lesson import explain, predict
from course.lesson.questions import NoSuchOption, comparison, question_box
from course.manifest import ManifestError, load


@pytest.fixture(autouse=True)
def _own_progress(small_course: Path) -> None:
    """Every test has its own folder and the small course."""


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was given to IPython's display; there is no front end here."""
    shown: list[Any] = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw=False: shown.append(data))
    return shown


def test_an_answer_by_letter_is_kept_and_printed_with_the_question(capsys: pytest.CaptureFixture[str]) -> None:
    predict("L00-status", answer="b")
    assert progress.prediction("L00-status") == progress.Prediction("B", "B", True)
    assert capsys.readouterr().out.splitlines() == [
        "Predict: What is the status of an image?",
        "  A: running",
        "  B: it has none",
        "  C: created",
        "Your prediction: B: it has none",
    ]


def test_a_letter_that_no_option_has_is_refused_and_nothing_is_kept() -> None:
    with pytest.raises(NoSuchOption, match="A, B, C"):
        predict("L00-status", answer="D")
    assert progress.prediction("L00-status") is None


def test_an_unknown_question_names_those_that_there_are() -> None:
    with pytest.raises(ManifestError, match="L00-status"):
        predict("L00-no-such")


def test_the_buttons_have_a_text_twin(displayed: list[Any]) -> None:
    predict("L00-status")
    assert "application/vnd.jupyter.widget-view+json" in displayed[0]
    for option in ("A: running", "B: it has none", "C: created"):
        assert f"<li>{option}</li>" in displayed[0]["text/html"], "a page without a kernel shows the question too"
    assert displayed[0]["text/plain"].splitlines()[1:] == ["  A: running", "  B: it has none", "  C: created"]


def test_choosing_a_button_keeps_the_answer_and_says_so() -> None:
    _, *buttons, state = question_box(load().question("L00-status"), None).children
    assert [button.value for button in buttons] == [None, None, None], "nothing is chosen beforehand"
    assert "○ Not answered yet" in state.value
    buttons[0].value = "A"
    buttons[2].value = "C"
    assert [button.value for button in buttons] == [None, None, "C"]
    assert progress.prediction("L00-status") == progress.Prediction("A", "C", False)
    assert "✓ Your prediction: C" in state.value


def test_the_buttons_show_the_earlier_answer() -> None:
    _, *buttons, state = question_box(load().question("L00-status"), "B").children
    assert [button.value for button in buttons] == [None, "B", None] and "✓ Your prediction: B" in state.value


@pytest.mark.parametrize(
    ("letter", "first"),
    [
        ("B", "✓ You predicted B: it has none."),
        ("A", "✗ You predicted A: running."),
        (None, "○ You made no prediction for this question."),
    ],
)
def test_the_comparison_says_what_was_predicted_what_is_true_and_why(letter: str | None, first: str) -> None:
    lines = comparison(load().question("L00-status"), letter)
    assert lines == [first, "The engine says B: it has none, because it has no process."]


def test_explain_shows_the_kept_answer_as_text_and_html(displayed: list[Any]) -> None:
    predict("L00-status", answer="A")
    explain("L00-status")
    for rendering in displayed[-1].values():
        assert "✗ You predicted A: running." in rendering and "because it has no process" in rendering
