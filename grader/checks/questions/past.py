"""Questions about what the learner did. What the checks themselves did is left out."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from grader.checks.check import failed, not_attempted
from grader.checks.deed import Deed
from grader.checks.trial import Trial, own_times

if TYPE_CHECKING:
    from grader.checks.subjects.journal import Journal

TOUCHES = frozenset({"stop", "kill", "pause", "unpause", "restart", "rename", "update", "destroy"})
_RENAMED = {
    "archive-path": "copy_out",
    "extract-to-dir": "copy_in",
    "exec_create": "exec",
    "untag": "untag",
    "delete": "remove",
}


def deeds(trial: Trial, machine: str = "") -> list[Deed]:
    """What was done in this session, oldest first, without what checks did.

    The bench's own journal is asked first; without one, the engine's events, of which it keeps the last 256
    (moby daemon/events, `eventsLimit`).
    """
    told = trial.bench.journal(machine) if trial.bench.journal is not None else _events(trial, machine)
    windows = (*own_times(), (trial.begun, float("inf")))
    return [deed for deed in told if not any(start <= deed.time <= end for start, end in windows)]


def shows(journal: Journal, action: str, name: str | None, at_least: int, trial: Trial) -> str:
    """It was done so often."""
    times = _count(trial, journal.machine, action, name)
    if times == 0:
        raise not_attempted("journal.not_done", action=action, name=name or "anything")
    if times < at_least:
        raise failed("journal.too_few", action=action, name=name or "anything", times=times, wanted=at_least)
    return f"done {times} times"


def lacks(journal: Journal, action: str, name: str | None, trial: Trial) -> str:
    """It was never done."""
    times = _count(trial, journal.machine, action, name)
    if times:
        raise failed("journal.done", action=action, name=name or "anything", times=times)
    return "not done"


def _count(trial: Trial, machine: str, action: str, name: str | None) -> int:
    history = deeds(trial, machine)
    return sum(1 for deed in history if deed.action == action and (name is None or name in (deed.name, deed.object_id)))


def _events(trial: Trial, machine: str) -> list[Deed]:
    now: Any = f"{time.time():.9f}"  # the engine takes fractions; whole seconds would hide what was done a moment ago
    events = trial.client(machine).api.events(since=1, until=now, decode=True)
    return list(_read(events))


def _read(events: Iterable[Mapping[str, Any]]) -> Iterable[Deed]:
    for event in events:
        actor = event.get("Actor") or {}
        attributes = actor.get("Attributes") or {}
        action = str(event.get("Action") or "").partition(":")[0]
        when = float(event.get("timeNano") or 0) / 1e9 or float(event.get("time") or 0)
        name = str(attributes.get("name") or actor.get("ID") or "")
        kind = str(event.get("Type") or "")
        yield Deed(_RENAMED.get(action, action), kind, name, str(actor.get("ID") or ""), when)
