"""predict and explain: a question that is answered once, and the answer beside the engine's."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Annotated
from weakref import WeakSet

import msgspec

from course.errors import CourseError
from course.widgets.drawn import Drawn, source
from course.widgets.question_text import as_text, comparison, letters, named

if TYPE_CHECKING:
    from course.manifest import Question


class Answer(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag="answer"):
    """Predict one option."""

    letter: Annotated[str, msgspec.Meta(pattern="^[A-Z]$")]


class AnsweredAlready(CourseError):
    """A question is answered once: what was predicted before the engine spoke stays."""


class _OfQuestion(Drawn):
    """What the question's two pictures share: the same JavaScript, style, and state.

    Args:
        question: with its options, exactly one of them right.
        chosen: the letter that was predicted, None if none was.
    """

    commands = Answer
    _esm = source("parts.js", "question.js")
    _css = source("tokens.css", "question.css")

    def __init__(self, question: Question, chosen: str | None) -> None:
        self.question, self._compared = question, False
        super().__init__()
        self._choose(chosen)

    @property
    def chosen(self) -> str | None:
        """The letter that was predicted, None before."""
        return self.state["chosen"] or None

    def _choose(self, letter: str | None) -> None:
        options = letters(self.question)
        chosen = letter if letter in options else ""
        self.state = {
            "id": self.question.id,
            "text": self.question.text,
            "options": [
                {
                    "id": one,
                    "words": named(self.question, one),
                    "line": f'predict("{self.question.id}", answer="{one}")',
                }
                for one in options
            ],
            "chosen": chosen,
            "said": _said(chosen, compared=self._compared),
            "truth": self._truth(chosen) if self._compared else None,
        }

    def _truth(self, chosen: str) -> dict[str, str]:
        """The engine's answer, which the browser gets only when the learner has asked for it."""
        right = letters(self.question)[self.question.options.index(self.question.answer)]
        mark = ("✓ right" if chosen == right else "✗ not so") if chosen else "○ no prediction"
        return {
            "status": "right" if chosen == right else "wrong" if chosen else "none",
            "mark": mark,
            "yours": named(self.question, chosen) if chosen else "You made no prediction.",
            "engine": named(self.question, right),
            "because": f"Because {self.question.because.rstrip('.')}.",
        }


class Prediction(_OfQuestion):
    """The question, to be answered once; `keep` puts the answer on disk."""

    kind = "predict"

    def __init__(self, question: Question, chosen: str | None, keep: Callable[[Question, str], None]) -> None:
        self._keep = keep
        super().__init__(question, chosen)
        _open.add(self)

    def perform(self, command: Answer) -> dict[str, str]:
        """Keep the answer, if it is the first."""
        if self.chosen:
            raise AnsweredAlready("one prediction", f"you predicted {self.chosen}", "run the next cells")
        self._keep(self.question, command.letter)
        self._choose(command.letter)
        return {"notice": _said(command.letter, compared=False)}

    def compare(self, chosen: str | None) -> None:
        """Show the engine's answer beside the learner's from now on."""
        self._compared = True
        self._choose(chosen)

    def text(self) -> str:
        """The question, its options, and what was predicted."""
        lines = [as_text(self.question)]
        return "\n".join([*lines, f"Your prediction: {named(self.question, self.chosen)}"] if self.chosen else lines)

    def html(self) -> str:
        """The same, as a paragraph and a list."""
        options = "".join(f"<li>{escape(named(self.question, letter))}</li>" for letter in letters(self.question))
        answer = f"<p>Your prediction: {escape(named(self.question, self.chosen))}</p>" if self.chosen else ""
        return f"<p><strong>Predict:</strong> {escape(self.question.text)}</p><ul>{options}</ul>{answer}"


class Comparison(_OfQuestion):
    """What was predicted, beside the answer, and why it is so."""

    kind = "explain"

    def __init__(self, question: Question, chosen: str | None) -> None:
        super().__init__(question, chosen)
        self._compared = True
        self._choose(chosen)
        for picture in list(_open):
            if picture.question.id == question.id:
                picture.compare(chosen)

    def perform(self, command: Answer) -> dict[str, str]:
        """Nothing is answered here any more."""
        raise AnsweredAlready("a prediction before the engine has answered", "it has answered", "go on")

    def text(self) -> str:
        """Two or three sentences."""
        return "\n".join(comparison(self.question, self.chosen))

    def html(self) -> str:
        """The same sentences as paragraphs."""
        return "".join(f"<p>{escape(line)}</p>" for line in comparison(self.question, self.chosen))


_open: WeakSet[Prediction] = WeakSet()


def _said(letter: str, *, compared: bool) -> str:
    """The state of the question; once the engine has answered, the two cards show it."""
    if compared:
        return "" if letter else "○ The engine has answered already. To predict all the same, run this cell again."
    if letter:
        return f"→ Your prediction: {letter}. The next cells ask the engine."
    return "○ Not answered yet. Choose one option, then press Enter."
