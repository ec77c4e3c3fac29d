"""Questions that are answered by running a command inside the learner's container."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from grader.checks.check import Unmet, could_not_check, failed
from grader.checks.executing import Executed, TimeIsUp, execute
from grader.checks.faults import answers
from grader.checks.finding import FoundContainer, find_container
from grader.checks.polling import looks
from grader.checks.text import Wanted, found, named
from grader.checks.trial import Trial

if TYPE_CHECKING:
    from grader.checks.subjects.container import Container

NOT_FOUND = 127  # the exit code of a shell for a program that is not there
_PYTHON = """
import sys, urllib.request
page = urllib.request.urlopen(sys.argv[1], timeout=3).read()
sys.stdout.write(page.decode("utf-8", "replace"))
"""
_NODE = """
const asked = require("http").get(process.argv[1], { timeout: 3000 }, (answer) => {
  process.exitCode = answer.statusCode < 400 ? 0 : 1;
  answer.pipe(process.stdout);
});
asked.on("error", (error) => { console.error(error.message); process.exit(1); });
asked.on("timeout", () => asked.destroy(new Error("no answer in 3 s")));
"""
# A client in what images have. The address is an argument of it, never code.
_CLIENTS: tuple[tuple[str, ...], ...] = (
    ("python3", "-c", _PYTHON),
    ("node", "-e", _NODE),
    ("wget", "-q", "-O", "-"),  # no time-out: Debian's busybox crashes on -T
)


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
    """With the first client that the container has, the address answers within the time."""
    seen = running(trial, container)
    for client in _CLIENTS:
        last = _ask(trial, seen, (*client, url), body, within, container.machine)
        if last is None:
            continue
        if last.exit_code != 0:
            raise failed("reach.no_answer", container=container.name, url=url, said=last.err.strip() or "(nothing)")
        if body is not None and not found(body, last.out):
            raise failed("reach.other_body", container=container.name, url=url, seen=last.out or "(nothing)")
        return f"{len(last.out)} characters"
    raise could_not_check("grader.no_client", container=container.name)


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


def too_slow(trial: Trial, machine: str, message_id: str, **facts: object) -> Unmet:
    """Whose time was up: the program's when the engine still answers, else the engine's."""
    if answers(trial.client(machine)):
        return failed(message_id, **facts)
    return could_not_check("engine.unreachable", reason="the engine does not answer in 10 s")


def _not_found(said: str) -> bool:
    return "exec failed" in said and ("executable file not found" in said or "no such file or directory" in said)


def _ask(
    trial: Trial, container: FoundContainer, command: tuple[str, ...], body: Wanted | None, within: float, machine: str
) -> Executed | None:
    """The last answer when the time is up, sooner when it is right; None without such a client."""
    last = None
    for left in looks(within, 0.2):
        last = run_inside(trial, container, command, max(left, 5.0), machine)
        if last.exit_code == NOT_FOUND:
            return None
        if last.exit_code == 0 and (body is None or found(body, last.out)):
            return last
    return last
