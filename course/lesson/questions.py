"""Predict, then explain: a question with options before the engine shows the truth, and the comparison after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from course.errors import CourseError
from course.widgets.question_text import as_text, letters, named

if TYPE_CHECKING:
    from course.manifest import Question
    from course.widgets.drawn import Drawn


class NoSuchOption(CourseError):
    """The answer is not one of the letters of the question."""


def predict(question_id: str, answer: str | None = None) -> None:
    """Ask a question; the answer is kept, and shown again by `explain`.

    In a notebook it is answered once, with radio buttons. Where nobody can answer (nbclient, a grader) it is text.

    Args:
        question_id: the id in the lesson's questions.toml.
        answer: the letter of an option, to answer without the buttons (in tests, or from the keyboard alone).

    Raises:
        ManifestError: the lesson has no such question.
        NoSuchOption: the letter belongs to no option.
    """
    from course.lesson.current import current

    question = shuffled(current(question_id).question(question_id))
    if answer is None:
        from course.widgets.question_picture import Prediction

        _show(Prediction(question, kept_letter(question), keep))
        return
    keep(question, answer)
    print(f"{as_text(question)}\nYour prediction: {named(question, answer.strip().upper())}")


def explain(question_id: str) -> None:
    """Show the prediction beside the answer, and why it is so.

    Raises:
        ManifestError: the lesson has no such question.
    """
    from course.lesson.current import current
    from course.widgets.question_picture import Comparison

    question = shuffled(current(question_id).question(question_id))
    _show(Comparison(question, kept_letter(question)))


def shuffled(question: Question, whose: str | None = None) -> Question:
    """The question with its options in an order of the learner's own, which stays the same.

    Args:
        question: as questions.toml has it.
        whose: the learner; None is this one.
    """
    from msgspec.structs import replace

    from course.lesson.parameters import derive, learner

    name = learner() if whose is None else whose
    places = range(2**32)
    order = sorted(question.options, key=lambda option: derive(name, f"{question.id}/{option.text}", places))
    return replace(question, options=tuple(order))


def kept_letter(question: Question) -> str | None:
    """The letter that the learner's kept answer has in this order of options; None before there is one."""
    from course import progress

    kept = progress.prediction(question.id)
    written = _written(question)
    if kept is None or kept.answer not in letters(written):
        return None
    option = written.options[letters(written).index(kept.answer)]
    return letters(question)[question.options.index(option)]


def _written(question: Question) -> Question:
    """The question with its options as questions.toml has them; the record on disk counts their letters."""
    from course.lesson.current import current

    return current(question.id).question(question.id)


def keep(question: Question, answer: str) -> None:
    """Put an answer, a letter of this order of options, on disk. Raises NoSuchOption."""
    from course import progress

    letter = answer.strip().upper()
    if letter not in letters(question):
        known = ", ".join(letters(question))
        raise NoSuchOption(f"one of the letters {known}", repr(answer), f'predict("{question.id}", answer="A")')
    option = question.options[letters(question).index(letter)]
    written = _written(question)
    progress.record_prediction(question.id, letters(written)[written.options.index(option)], option.right)


def _show(picture: Drawn) -> None:
    from IPython.display import display

    bundle, _ = picture._repr_mimebundle_()
    display(bundle, raw=True)
