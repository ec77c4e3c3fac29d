"""A question, its options and the comparison as text: what the pictures of a question show in words."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from course.manifest import Question


def comparison(question: Question, letter: str | None) -> list[str]:
    """The prediction beside what is true, in two sentences. What this learner's engine gave is in the cell before.

    Args:
        question: with its options, exactly one of them right.
        letter: what was predicted, None if nothing was.
    """
    right = letters(question)[question.options.index(question.answer)]
    truth = f"The answer is {named(question, right)}, because {question.because.rstrip('.')}."
    if letter is None:
        return ["○ You made no prediction for this question.", truth]
    if letter == right:
        return [f"✓ You predicted {named(question, letter)}.", truth]
    return [f"✗ You predicted {named(question, letter)}.", truth]


def as_text(question: Question) -> str:
    """The question and its options as plain text, the twin of the buttons."""
    options = [f"  {named(question, letter)}" for letter in letters(question)]
    return "\n".join([f"Predict: {question.text}", *options])


def letters(question: Question) -> list[str]:
    """The letters of its options, from A."""
    return list(string.ascii_uppercase[: len(question.options)])


def named(question: Question, letter: str) -> str:
    """An option with its letter, such as "A: running"."""
    return f"{letter}: {question.options[letters(question).index(letter)].text.rstrip('.')}"
