"""Questions that are answered by running a command inside the learner's container."""

from __future__ import annotations

from collections.abc import Sequence

from grader.checks.check import could_not_check, failed
from grader.checks.executing import Executed, TimeIsUp, execute, too_slow
from grader.checks.faults import answers
from grader.checks.finding import find_container, find_image
from grader.checks.found import FoundContainer
from grader.checks.named import Container, Image
from grader.checks.polling import looks
from grader.checks.starting import started
from grader.checks.text import Wanted, found, named
from grader.checks.trial import Trial

PATIENCE = 3.0  # seconds that one question of `reaches` has at least
NOT_FOUND = 127  # the exit code of a shell for a program that is not there
_PROBE = "course/busybox"
_CLIENT = ("wget", "-q", "-O", "-")  # without a time-out: Debian's busybox crashes on -T


def executes(
    container: Container, command: tuple[str, ...], exit_code: int, prints: Wanted | None, within: float, trial: Trial
) -> str:
    """A command ends in time, with the code and the output that are wanted."""
    seen = running(trial, container)
    done = run_inside(trial, seen, command, within, container.machine)
    if done.exit_code != exit_code:
        said = (done.err.strip() or done.out.strip() or "(nothing)").splitlines()[-3:]
        raise failed(
            "exec.other_exit",
            container=container.name,
            command=" ".join(command),
            wanted=exit_code,
            code=done.exit_code,
            said="\n".join(said),
        )
    if prints is not None and not found(prints, done.out):
        raise failed(
            "exec.other_output",
            container=container.name,
            command=" ".join(command),
            wanted=named(prints),
            seen=done.out.strip() or "(nothing)",
        )
    return f"exit code {exit_code}"


def reaches(container: Container, url: str, body: Wanted | None, within: float, trial: Trial) -> str:
    """From the network of the container, the address answers within the time.

    A container of the check's own asks: it shares the network of the learner's, and none of its programs.
    """
    seen = running(trial, container)
    probe = _probe(trial, seen, container.machine)
    answer = ""
    said = "no answer"
    for left in looks(within, 0.2):
        try:
            done = execute(trial, probe, (*_CLIENT, url), max(left, PATIENCE), machine=container.machine)
        except TimeIsUp:
            if not answers(trial.client(container.machine)):
                raise could_not_check("engine.unreachable", reason="the engine does not answer in 10 s") from None
            continue
        answer, said = done.out, done.err.strip() or said
        if done.exit_code == 0 and (body is None or found(body, answer)):
            return f"{len(answer)} characters"
        if done.exit_code != 0:
            answer = ""
    if answer:
        raise failed("reach.other_body", container=container.name, url=url, seen=answer)
    raise failed("reach.no_answer", container=container.name, url=url, said=said)


def _probe(trial: Trial, container: FoundContainer, machine: str) -> str:
    """A container that runs beside another one in its network, once a trial."""
    key = ("probe", machine, container.id)
    if key not in trial.memo:
        image = find_image(trial, Image(_PROBE, machine))
        trial.memo[key] = started(trial, image, ("sleep", "3600"), machine=machine, beside=container.id)
    made: str = trial.memo[key]
    return made


def running(trial: Trial, container: Container) -> FoundContainer:
    """The container, when a command can be run in it.

    Raises:
        Unmet: `container.not_running`, or what `find_container` raises.
    """
    seen = find_container(trial, container)
    if seen.fact.status != "running":
        raise failed("container.not_running", container=container.name, status=seen.fact.status)
    return seen


def run_inside(
    trial: Trial, container: FoundContainer, command: Sequence[str], within: float, machine: str
) -> Executed:
    """Run a command; a program that is not in the image counts as exit code 127, as a shell has it.

    Raises:
        Unmet: `exec.too_slow`; `engine.unreachable` when it is the engine that does not answer.
    """
    from docker.errors import APIError

    try:
        done = execute(trial, container.id, command, within, machine=machine)
    except TimeIsUp:
        raise too_slow(trial, machine, "exec.too_slow", command=" ".join(command), seconds=f"{within:g}") from None
    except APIError as error:
        said = str(error.explanation or error)
        if not _not_found(said):
            raise
        return Executed(NOT_FOUND, "", said)
    if done.exit_code == 126 and _not_found(done.out):  # engines before 23 say 126 for both
        return Executed(NOT_FOUND, "", done.out)
    return done


def _not_found(said: str) -> bool:
    return "exec failed" in said and ("executable file not found" in said or "no such file or directory" in said)
