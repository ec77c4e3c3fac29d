"""Predict before, explain after: the answer is kept, and every reader gets the same words."""

from __future__ import annotations

import threading
from itertools import permutations
from pathlib import Path
from typing import Any

import msgspec
import pytest

from course import progress
from course.lesson import explain, predict
from course.lesson.questions import NoSuchOption, keep, kept_letter, shuffled
from course.manifest import ManifestError, Option, load
from course.widgets.question_picture import Comparison, Prediction
from course.widgets.question_text import as_text, comparison, letters
from course.widgets.snapshot import MARK, WIDGET_VIEW


@pytest.fixture(autouse=True)
def _own_progress(small_course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test has its own folder and the small course; Mara gets the options in the order of questions.toml."""
    monkeypatch.setenv("SLIPWAY_LEARNER", "Mara")


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


def test_options_stand_in_another_order_for_each_learner_and_stay_there(monkeypatch: pytest.MonkeyPatch) -> None:
    question = load().question("L00-status")
    orders = {name: [option.text for option in shuffled(question, name).options] for name in map(str, range(60))}
    assert {tuple(order) for order in orders.values()} == set(permutations(option.text for option in question.options))
    assert orders == {name: [option.text for option in shuffled(question, name).options] for name in orders}
    for name, order in orders.items():
        monkeypatch.setenv("SLIPWAY_LEARNER", name)
        mine = shuffled(question)
        assert mine.answer.text == "it has none"
        keep(mine, letters(mine)[order.index("it has none")])
        kept = progress.prediction("L00-status")
        assert kept is not None and (kept.answer, kept.right) == ("B", True)
        assert kept_letter(mine) == letters(mine)[order.index("it has none")]


def test_a_letter_that_no_option_has_is_refused_and_nothing_is_kept() -> None:
    with pytest.raises(NoSuchOption, match="A, B, C"):
        predict("L00-status", answer="D")
    assert progress.prediction("L00-status") is None


def test_an_unknown_question_names_those_that_there_are() -> None:
    with pytest.raises(ManifestError, match="L00-status"):
        predict("L00-no-such")


def test_where_nobody_can_answer_the_question_is_text(displayed: list[Any]) -> None:
    predict("L00-status")
    assert set(displayed[0]) == {"text/plain", "text/html"}, "no widget whose model will be gone"
    assert MARK in displayed[0]["text/html"]
    for option in ("A: running", "B: it has none", "C: created"):
        assert f"<li>{option}</li>" in displayed[0]["text/html"]
    assert displayed[0]["text/plain"] == as_text(load().question("L00-status"))


def test_a_page_of_a_kernel_gets_the_buttons_too(displayed: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from course.widgets.cells import Cell

    monkeypatch.setattr("course.widgets.drawn.running_cell", lambda: Cell("a", "predict()", "1"))
    predict("L00-status")
    assert WIDGET_VIEW in displayed[0]


def asked(letter: str | None = None) -> Prediction:
    return Prediction(load().question("L00-status"), letter, keep)


def send(picture: Prediction, letter: str) -> dict[str, Any]:
    """What the browser sends, and the answer."""
    answers: list[dict[str, Any]] = []
    done = threading.Event()
    picture.send = lambda content, buffers=None: (
        answers.append(content),
        done.set(),
    )  # the front end's end of the comm
    picture._received(picture, {"id": 1, "command": {"type": "answer", "letter": letter}}, [])
    assert done.wait(30)
    return answers[0]


def test_a_question_is_answered_once() -> None:
    picture = asked()
    assert picture.chosen is None and "○ Not answered yet" in picture.state["said"]
    assert "right" not in repr(picture.state) and picture.state["truth"] is None, "the browser does not know it yet"
    assert send(picture, "C") == {
        "re": 1,
        "ok": True,
        "notice": "→ Your prediction: C. The next cells ask the engine.",
    }
    assert progress.prediction("L00-status") == progress.Prediction("C", "C", False)
    again = send(picture, "B")
    assert not again["ok"] and "you predicted C" in again["notice"]
    assert progress.prediction("L00-status") == progress.Prediction("C", "C", False)
    assert "Your prediction: C: created" in picture.text() and "Your prediction: C: created" in picture.html()


@pytest.mark.parametrize(("letter", "says"), [("B", ""), (None, "○ The engine has answered already")])
def test_after_the_engine_has_answered_nobody_is_asked_to_choose(letter: str | None, says: str) -> None:
    picture = asked(letter)
    picture.compare(letter)
    assert picture.state["truth"] is not None and "Choose one option" not in picture.state["said"]
    assert picture.state["said"].startswith(says) and bool(picture.state["said"]) is bool(says)


@pytest.mark.parametrize("letter", ["D", "a", "", "<b>"])
def test_an_answer_that_no_option_has_is_refused(letter: str) -> None:
    assert not send(asked(), letter)["ok"]
    assert progress.prediction("L00-status") is None


def test_an_earlier_answer_stays() -> None:
    assert asked("B").chosen == "B" and not send(asked("B"), "A")["ok"]
    assert asked("Z").chosen is None, "of a question that has changed since"


def test_explain_puts_the_engines_answer_beside_the_learners() -> None:
    before, question = asked("A"), load().question("L00-status")
    after = Comparison(question, "A")
    for picture in (before, after):
        truth = picture.state["truth"]
        assert (truth["status"], truth["mark"]) == ("wrong", "✗ not so")
        assert (truth["yours"], truth["engine"]) == ("A: running", "B: it has none")
        assert truth["because"] == "Because it has no process."
    assert Comparison(question, "B").state["truth"]["mark"] == "✓ right"
    assert Comparison(question, None).state["truth"]["mark"] == "○ no prediction"


def test_hostile_words_of_a_question_stay_text() -> None:
    hostile = "<img src=x onerror=alert(1)>"
    question = msgspec.structs.replace(
        load().question("L00-status"),
        text=hostile,
        because=hostile,
        options=(Option(text=hostile, right=True), Option(text=hostile)),
    )
    for picture in (Prediction(question, "A", keep), Comparison(question, "A")):
        assert "<img" not in picture.html() and "&lt;img" in picture.html()


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
    assert lines == [first, "The answer is B: it has none, because it has no process."]


def test_explain_shows_the_kept_answer_as_text_and_html(displayed: list[Any]) -> None:
    predict("L00-status", answer="A")
    explain("L00-status")
    for rendering in displayed[-1].values():
        assert "✗ You predicted A: running." in rendering and "because it has no process" in rendering
