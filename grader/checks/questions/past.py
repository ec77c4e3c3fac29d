"""Questions about what the learner did. What the checks themselves did is left out."""

from __future__ import annotations

from grader.checks import bench
from grader.checks.check import failed, not_attempted
from grader.checks.deed import Deed, Told, of_engine, of_session
from grader.checks.faults import url_of
from grader.checks.lessons import elsewhere
from grader.checks.named import Journal
from grader.checks.polling import looks
from grader.checks.trial import Trial, own_times

SETTLES = 1.0  # seconds: a session writes a call down a moment after it has answered it
TOUCHES = frozenset({"stop", "kill", "pause", "unpause", "restart", "rename", "update", "destroy"})


def deeds(trial: Trial, machine: str = "") -> list[Deed]:
    """What is known of what was done on a machine in this lesson, oldest first, without what checks did."""
    return list(known(trial, machine).deeds)


def known(trial: Trial, machine: str = "") -> Told:
    """What was done on a machine without what checks and other lessons did, and whether that is all."""
    key = _key(machine)
    if key not in trial.memo:
        windows = (*own_times(), (trial.begun, float("inf")))
        told = _told(trial, machine)
        theirs = (deed for deed in told.deeds if not any(start <= deed.time <= end for start, end in windows))
        kept = tuple(deed for deed in theirs if not elsewhere(trial, deed, machine))
        trial.memo[key] = Told(kept, told.whole)
    found: Told = trial.memo[key]
    return found


def _told(trial: Trial, machine: str) -> Told:
    """From the bench's own journal, else from that of the session, else from the engine's events."""
    if trial.bench.journal is not None:
        return Told(tuple(trial.bench.journal(machine)))
    client = trial.client(machine)
    told = of_session(url_of(client))
    return told if told is not None else Told(tuple(of_engine(client)))


def _key(machine: str) -> tuple[str, str]:
    return ("deeds", machine)


def shows(journal: Journal, action: str, name: str | None, at_least: int, trial: Trial) -> str:
    """It was done so often."""
    times = 0
    for _left in looks(SETTLES, 0.1):
        trial.memo.pop(_key(journal.machine), None)
        times = _count(trial, journal.machine, action, name)
        if times >= at_least:
            return f"done {times} times"
    _must_be_whole(trial, journal.machine, action, name)
    if times == 0:
        raise not_attempted("journal.not_done", action=action, name=name or "anything")
    raise failed("journal.too_few", action=action, name=name or "anything", times=times, wanted=at_least)


def lacks(journal: Journal, action: str, name: str | None, trial: Trial) -> str:
    """It was never done."""
    times = _count(trial, journal.machine, action, name)
    if times:
        raise failed("journal.done", action=action, name=name or "anything", times=times)
    _must_be_whole(trial, journal.machine, action, name)
    return "not done"


def _must_be_whole(trial: Trial, machine: str, action: str, name: str | None) -> None:
    """What is missing in a flooded journal may be the deed: where marks count, nothing follows from what is left."""
    if bench.in_examiner() and not known(trial, machine).whole:
        raise failed("journal.not_known", action=action, name=name or "anything")


def _count(trial: Trial, machine: str, action: str, name: str | None) -> int:
    history = deeds(trial, machine)
    return sum(1 for deed in history if deed.action == action and (name is None or name in (deed.name, deed.object_id)))
