"""Questions that are answered by starting a container of an image and looking at it."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from functools import partial

from grader.checks import ending, logs, starting
from grader.checks.check import failed
from grader.checks.finding import find_image
from grader.checks.named import Image
from grader.checks.polling import looks
from grader.checks.text import Wanted, found, named
from grader.checks.trial import Trial

KILLED = 137  # 128 + SIGKILL: the engine's last word when a container does not stop
SHORTEST_START, LONGEST_START = 1.0, 15.0  # seconds that a program is given to come up
LOOK = 0.2  # seconds between two looks at what it uses
IDLE = 2_000_000  # nanoseconds of the processor between two looks: a program that waits uses less
QUIET_LOOKS = 3


def runs(
    image: Image,
    command: tuple[str, ...],
    exit_code: int,
    prints: Wanted | None,
    errors: Wanted | None,
    environment: Mapping[str, str],
    within: float,
    trial: Trial,
) -> str:
    """A new container ends in time, with the code and the output that are wanted."""
    made = starting.started(trial, find_image(trial, image), command, machine=image.machine, environment=environment)
    return judge_end(trial, made, image.machine, image.ref, exit_code, prints, errors, within)


def judge_end(
    trial: Trial,
    container_id: str,
    machine: str,
    owner: str,
    exit_code: int,
    prints: Wanted | None,
    errors: Wanted | None,
    within: float,
) -> str:
    """Wait for the end of a container that a check started, and compare; the container is removed at once."""
    seen = ending.ended(partial(starting.look, trial, container_id, machine), within)
    if seen is None:
        log = logs.read(trial, container_id, machine).last
        raise failed("run.still_running", image=owner, seconds=f"{within:g}", log=log)
    if seen.fact.exit_code != exit_code:
        raise ending.not_up(trial, seen, machine, "run.other_exit", image=owner, wanted=exit_code)
    log_of_it = logs.read(trial, container_id, machine)
    starting.remove(trial, container_id, machine)
    if prints is not None and not found(prints, log_of_it.out):
        raise failed("run.other_output", image=owner, wanted=named(prints), seen=log_of_it.out.strip() or "(nothing)")
    if errors is not None and not found(errors, log_of_it.err):
        raise failed("run.other_errors", image=owner, wanted=named(errors), seen=log_of_it.err.strip() or "(nothing)")
    return f"exit code {exit_code}"


def stays_up(
    image: Image, seconds: float, command: tuple[str, ...], environment: Mapping[str, str], trial: Trial
) -> str:
    """A new container is looked at until the time is over, and never seen to have ended."""
    made = starting.started(trial, find_image(trial, image), command, machine=image.machine, environment=environment)
    for _left in looks(seconds):
        seen = starting.look(trial, made, image.machine)
        if not seen.fact.running:
            raise ending.not_up(trial, seen, image.machine, "run.ended", image=image.ref)
    starting.remove(trial, made, image.machine)
    return f"running after {seconds:g} s"


def stops_cleanly(image: Image, within: float, exit_code: int | None, trial: Trial) -> str:
    """A new container is left to come up, asked to stop, and ends before it is killed."""
    made = starting.started(trial, find_image(trial, image), machine=image.machine)
    settle(trial, made, image.machine, image.ref)
    return judge_stop(trial, made, image.machine, image.ref, within, exit_code)


def settle(trial: Trial, container_id: str, machine: str, owner: str) -> None:
    """Give a program the time to install its signal handlers; one that ends by itself in it is at fault.

    A handler cannot be seen from outside. A second is what a cold Node.js needs; on a busy machine it needs more, and
    uses the processor meanwhile, so it is given up to `LONGEST_START` until it does so no more.
    """
    began, used, quiet = time.monotonic(), -1, 0
    for _left in looks(LONGEST_START, LOOK):
        seen = starting.look(trial, container_id, machine)
        if not seen.fact.running:
            raise ending.not_up(trial, seen, machine, "run.ended", image=owner)
        before, used = used, _processor_time(trial, container_id, machine)
        quiet = quiet + 1 if used - before < IDLE else 0
        if quiet >= QUIET_LOOKS and time.monotonic() - began >= SHORTEST_START:
            return


def _processor_time(trial: Trial, container_id: str, machine: str) -> int:
    """What the container has used so far, in nanoseconds; 0 where the engine does not count."""
    stats = trial.client(machine).api.stats(container_id, stream=False, one_shot=True)
    return int(((stats.get("cpu_stats") or {}).get("cpu_usage") or {}).get("total_usage") or 0)


def judge_stop(trial: Trial, container_id: str, machine: str, owner: str, within: float, exit_code: int | None) -> str:
    """Stop a container with a grace period of `within` seconds, and look at how it ended."""
    begun = time.monotonic()
    trial.client(machine).api.stop(container_id, timeout=math.ceil(within))
    took = time.monotonic() - begun
    seen = starting.look(trial, container_id, machine)
    if seen.fact.exit_code == KILLED:
        raise failed("run.killed", image=owner, seconds=math.ceil(within))
    if exit_code is not None and seen.fact.exit_code != exit_code:
        raise ending.not_up(trial, seen, machine, "run.other_exit", image=owner, wanted=exit_code)
    return f"ended by itself with exit code {seen.fact.exit_code} after {took:.1f} s"
