"""What can be asked about what the learner did, from the journal of the session."""

from __future__ import annotations

from functools import partial

from grader.checks import named
from grader.checks.check import Check
from grader.checks.questions import past
from grader.checks.subjects.naming import ask


class Journal(named.Journal):
    """What was done in the session, in order: from its journal, or from the engine's events outside of a session."""

    def shows(self, action: str, name: str | None = None, at_least: int = 1) -> Check:
        """The learner did this at least so many times.

        Args:
            action: an action of the engine, such as `create`, `start`, `stop`, `restart`, `kill`, `exec`, `destroy`,
                `copy_out`, `copy_in`, `pause`, `tag`, `save`, `load`, `push`, `pull`; in a session also `build`,
                `logs`, `inspect`, `top` and `changes`, which leave no trace on an engine.
            name: the container, image, network or volume that it was done to; None for any.
            at_least: how often.
        """
        return ask(
            "journal.shows", partial(past.shows, self, action, name, at_least), action=action, name=name or "anything"
        )

    def lacks(self, action: str, name: str | None = None) -> Check:
        """The learner did not do this. Give it beside a check that something was done: alone it passes on nothing."""
        return ask("journal.lacks", partial(past.lacks, self, action, name), action=action, name=name or "anything")
