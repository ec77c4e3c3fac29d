"""One way to make a check: its id, the words of its title, and the question."""

from __future__ import annotations

from grader.checks.check import Check, Question
from grader.checks.messages import title


def ask(check_id: str, question: Question, **facts: object) -> Check:
    """A check with the title that messages.toml has for this id.

    Raises:
        KeyError: the id has no title, or the title names a fact that is absent: a mistake in this package.
    """
    return Check(check_id, title(check_id, **facts), question)
