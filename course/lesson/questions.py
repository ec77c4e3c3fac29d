"""Predict, then explain: a question with options before the engine shows the truth, and the comparison after it."""

from __future__ import annotations

import html
import string
from typing import TYPE_CHECKING, Any

from course.errors import CourseError

if TYPE_CHECKING:
    from course.manifest import Question


class NoSuchOption(CourseError):
    """The answer is not one of the letters of the question."""


def predict(question_id: str, answer: str | None = None) -> None:
    """Ask a question; the answer is kept, and shown again by `explain`.

    Args:
        question_id: the id in the lesson's questions.toml.
        answer: the letter of an option, to answer without the buttons (in tests, or from the keyboard alone).

    Raises:
        ManifestError: the lesson has no such question.
        NoSuchOption: the letter belongs to no option.
    """
    from course import progress
    from course.lesson.current import current

    question = current(question_id).question(question_id)
    if answer is None:
        kept = progress.prediction(question_id)
        _show(question, kept.answer if kept else None)
        return
    keep(question, answer)
    print(f"{as_text(question)}\nYour prediction: {_named(question, answer.strip().upper())}")


def explain(question_id: str) -> None:
    """Show the prediction beside what the engine says, and why.

    Raises:
        ManifestError: the lesson has no such question.
    """
    from IPython.display import display

    from course import progress
    from course.lesson.current import current

    question = current(question_id).question(question_id)
    kept = progress.prediction(question_id)
    lines = comparison(question, kept.answer if kept else None)
    paragraphs = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    display({"text/plain": "\n".join(lines), "text/html": paragraphs}, raw=True)


def keep(question: Question, answer: str) -> None:
    """Put an answer, a letter, on disk. Raises NoSuchOption."""
    from course import progress

    letter = answer.strip().upper()
    if letter not in _letters(question):
        letters = ", ".join(_letters(question))
        raise NoSuchOption(f"one of the letters {letters}", repr(answer), f'predict("{question.id}", answer="A")')
    option = question.options[_letters(question).index(letter)]
    progress.record_prediction(question.id, letter, option.right)


def comparison(question: Question, letter: str | None) -> list[str]:
    """The prediction beside the engine's answer, in two or three sentences.

    Args:
        question: with its options, exactly one of them right.
        letter: what was predicted, None if nothing was.
    """
    right = _letters(question)[question.options.index(question.answer)]
    truth = f"The engine says {_named(question, right)}, because {question.because.rstrip('.')}."
    if letter is None:
        return ["○ You made no prediction for this question.", truth]
    if letter == right:
        return [f"✓ You predicted {_named(question, letter)}.", truth]
    return [f"✗ You predicted {_named(question, letter)}.", truth]


def as_text(question: Question) -> str:
    """The question and its options as plain text, the twin of the buttons."""
    options = [f"  {_named(question, letter)}" for letter in _letters(question)]
    return "\n".join([f"Predict: {question.text}", *options])


def _letters(question: Question) -> list[str]:
    return list(string.ascii_uppercase[: len(question.options)])


def _named(question: Question, letter: str) -> str:
    return f"{letter}: {question.options[_letters(question).index(letter)].text.rstrip('.')}"


def question_box(question: Question, kept: str | None) -> Any:
    """The question as radio buttons between its text and its state: Tab goes from one to the next, Space chooses.

    Each option is a group of its own, because JupyterLab takes the arrow keys that would move within one group.

    Args:
        question: what to ask.
        kept: the letter that was chosen before, None if none was.

    Returns:
        An `ipywidgets.VBox` of the text, one `RadioButtons` for each option, and the state; choosing keeps the answer.
    """
    import ipywidgets

    wide = {"width": "max-content"}
    buttons = {
        letter: ipywidgets.RadioButtons(
            options=[(_named(question, letter), letter)], value=letter if letter == kept else None, layout=wide
        )
        for letter in _letters(question)
    }
    state = ipywidgets.HTML(_state(kept if kept in buttons else None))

    def chosen(change: dict[str, Any]) -> None:
        letter = change["new"]
        if letter is None:
            return  # another one was chosen, see below
        keep(question, letter)
        state.value = _state(letter)
        for other in buttons.keys() - {letter}:
            buttons[other].value = None

    for button in buttons.values():
        button.observe(chosen, names="value")
    text = ipywidgets.HTML(f"<p><strong>Predict:</strong> {html.escape(question.text)}</p>")
    return ipywidgets.VBox([text, *buttons.values(), state])


def _state(letter: str | None) -> str:
    words = f"✓ Your prediction: {letter}. The next cells show what the engine says."
    return f"<p role='status'>{words if letter else '○ Not answered yet. Choose one option.'}</p>"


def _show(question: Question, kept: str | None) -> None:
    """The buttons, with the text twin for every reader that shows no widgets."""
    from IPython.display import display

    bundle = dict(question_box(question, kept)._repr_mimebundle_())
    bundle["text/plain"] = as_text(question)
    bundle["text/html"] = _as_html(question)
    display(bundle, raw=True)


def _as_html(question: Question) -> str:
    """The question for pages without a kernel: a saved notebook that is opened again, nbgrader's feedback."""
    options = "".join(f"<li>{html.escape(_named(question, letter))}</li>" for letter in _letters(question))
    return (
        "<div data-slipway-snapshot='predict'>"
        f"<p><strong>Predict:</strong> {html.escape(question.text)}</p><ul>{options}</ul></div>"
    )
