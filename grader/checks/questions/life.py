"""Questions about the life of a container: its state, its end, its log, its health."""

from __future__ import annotations

from functools import partial

from grader.checks import ending, logs, starting
from grader.checks.check import Unmet, failed, not_attempted
from grader.checks.finding import find_container
from grader.checks.found import FoundContainer, inspect
from grader.checks.named import Container
from grader.checks.polling import looks
from grader.checks.questions.past import TOUCHES, deeds
from grader.checks.questions.running import judge_stop
from grader.checks.text import Wanted, found, named
from grader.checks.trial import Trial


def exists(container: Container, trial: Trial) -> str:
    """The container is there."""
    return f"status {find_container(trial, container).fact.status}"


def removed(container: Container, trial: Trial) -> str:
    """It was made, and it is gone. Where it is still there, it counts as tried when the learner did anything to it."""
    from docker.errors import NotFound

    history = [deed for deed in deeds(trial, container.machine) if deed.name == container.name]
    try:
        status = inspect(trial, container.name, container.machine).fact.status
    except NotFound:
        if not any(deed.action == "create" for deed in history):
            raise not_attempted("container.never_made", container=container.name) from None
        return "made, and gone"
    touched = any(deed.action in TOUCHES for deed in history)
    answer = failed if touched else not_attempted
    raise answer("container.still_there", container=container.name, status=status)


def state(container: Container, wanted: tuple[str, ...], trial: Trial) -> str:
    """The status is one of the wanted ones."""
    seen = find_container(trial, container)
    if seen.fact.status not in wanted:
        raise ending.not_up(
            trial,
            seen,
            container.machine,
            "container.other_state",
            container=container.name,
            wanted=" or ".join(wanted),
            seen=seen.fact.status,
        )
    return f"status {seen.fact.status}"


def stays_up(container: Container, seconds: float, trial: Trial) -> str:
    """It is looked at until the time is over, and never seen to have ended or started anew."""
    first = find_container(trial, container)
    for _left in looks(seconds):
        seen = find_container(trial, container)
        if seen.fact.status in (*ending.ENDED, "created"):
            raise ending.not_up(trial, seen, container.machine, "container.ended", container=container.name)
        if seen.fact.status == "restarting" or seen.fact.started_at != first.fact.started_at:
            raise ending.not_up(trial, seen, container.machine, "container.restarts", container=container.name)
        if seen.fact.status != "running":
            raise failed("container.not_running", container=container.name, status=seen.fact.status)
    return f"running after {seconds:g} s"


def exited(container: Container, code: int | None, within: float, trial: Trial) -> str:
    """It has ended, with this code."""
    first = find_container(trial, container)
    if first.fact.status == "created":
        raise failed("container.not_started", container=container.name)
    seen = ending.ended(partial(inspect, trial, first.id, container.machine), within)
    if seen is None:
        raise failed("container.still_running", container=container.name, seconds=f"{within:g}")
    if code is not None and seen.fact.exit_code != code:
        raise ending.not_up(
            trial, seen, container.machine, "container.other_exit", container=container.name, wanted=code
        )
    return f"exit code {seen.fact.exit_code}"


def healthy(container: Container, status: str, within: float, trial: Trial) -> str:
    """Its health check says the wanted word in time."""
    last = ""
    for _left in looks(within, 0.2):
        seen = find_container(trial, container)
        if seen.fact.health in (None, "none"):
            raise failed("container.no_health", container=container.name)
        if seen.fact.health == status:
            return f"health {status}"
        if seen.fact.status not in ("running", "restarting"):  # a policy may be about to start it again
            raise ending.not_up(trial, seen, container.machine, "container.ended", container=container.name)
        last = seen.fact.health or ""
    raise failed("container.other_health", container=container.name, wanted=status, seen=last, said=_last_probe(seen))


def restarted(container: Container, at_least: int, within: float, trial: Trial) -> str:
    """The restarts by policy, or the starts after the first that the journal shows."""
    times = 0
    for _left in looks(within, 0.1):
        seen = find_container(trial, container)
        history = deeds(trial, container.machine)
        starts = [deed for deed in history if deed.object_id == seen.id and deed.action == "start"]
        times = max(seen.fact.restart_count, len(starts) - 1, 0)
        if times >= at_least:
            return f"started again {times} times"
    raise failed("container.not_restarted", container=container.name, times=times, wanted=at_least)


def stops_cleanly(container: Container, within: float, exit_code: int | None, trial: Trial) -> str:
    """It is asked to stop, and started again whatever comes of it."""
    seen = find_container(trial, container)
    if seen.fact.status != "running":
        raise failed("container.not_running", container=container.name, status=seen.fact.status)
    try:
        return judge_stop(trial, seen.id, container.machine, container.name, within, exit_code)
    finally:
        starting.start(trial, seen.id, container.machine)


def log(container: Container, wanted: Wanted, stream: str, within: float, trial: Trial) -> str:
    """The text comes in time; a container that has ended writes no more, so it is read once."""
    unmet: Unmet | None = None
    for _left in looks(within, 0.1):
        seen = find_container(trial, container)
        held = logs.read(trial, seen.id, container.machine)
        text = {"stdout": held.out, "stderr": held.err}.get(stream, held.both)
        if found(wanted, text):
            return "the log holds it"
        last = "\n".join(text.strip().splitlines()[-logs.LAST_LINES :]) or "(nothing)"
        unmet = failed("container.other_log", container=container.name, wanted=named(wanted), log=last)
        if not seen.fact.running:
            break
    assert unmet is not None  # `looks` yields at least once
    raise unmet


def _last_probe(container: FoundContainer) -> str:
    probes = ((container.attrs.get("State") or {}).get("Health") or {}).get("Log") or []
    return str(probes[-1].get("Output") or "(nothing)").strip() if probes else "(no probe yet)"
