"""How a container ended, in words."""

from __future__ import annotations

from collections.abc import Callable

from grader.checks.check import failed
from grader.checks.found import FoundContainer
from grader.checks.logs import read
from grader.checks.messages import exit_meaning
from grader.checks.polling import until
from grader.checks.trial import Trial

ENDED = ("exited", "dead")


def ended(look: Callable[[], FoundContainer], within: float) -> FoundContainer | None:
    """The container once it has ended, or None when it has not within so many seconds."""

    def seen() -> FoundContainer | None:
        container = look()
        return container if container.fact.status in ENDED else None

    return until(seen, within)


def not_up(trial: Trial, seen: FoundContainer, machine: str, message_id: str, /, **facts: object) -> Exception:
    """A failure that tells the exit code, what it means, and the last lines of the log."""
    code = seen.fact.exit_code
    return failed(
        message_id,
        code=code if code is not None else "none",
        meaning=exit_meaning(code, out_of_memory=seen.fact.out_of_memory),
        log=read(trial, seen.id, machine).last,
        **facts,
    )
