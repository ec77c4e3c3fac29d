"""A hint about a container's state is true in every state in which it is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import docker
import pytest

from course import manifest
from course.gateway import session
from course.manifest import StateHint

HINTS = [
    pytest.param(exercise.state_hints, id=exercise.id)
    for lesson in manifest.load().lessons
    for exercise in lesson.exercises
]
COMMANDS = {
    "ended": ["true"],
    "failed": ["sh", "-c", "echo broken >&2; exit 1"],
    "no file": ["sh", "no-such-file"],
    "no command": ["sh", "-c", "no-such-command"],
    "goes on": ["sleep", "600"],
}
STAYS = re.compile(r"^(?:The (?:container )?\S+ |\S+ )(?:(?:still )?runs|is (?:still )?running)\b")
READS_THE_LOG = re.compile(r"its log says why|the last line")


@dataclass(frozen=True)
class State:
    """What the engine says of a container, and its log; "absent" where there is none."""

    status: str
    exit_code: int | None = None
    log: bytes = b""


@pytest.fixture(scope="module")
def states(engine_url: str) -> Iterator[list[State]]:
    """Every state that a learner can bring a container into, as the engine shows it."""
    with session(name="states") as opened, closing(docker.DockerClient(opened.url, timeout=60)) as client:
        run = client.containers.run
        made = [client.containers.create("course/busybox", ["true"])]
        made += [run("course/busybox", command, detach=True) for command in COMMANDS.values()]
        killed, stopped, paused = (run("course/busybox", COMMANDS["goes on"], detach=True) for _ in range(3))
        killed.kill()
        stopped.stop(timeout=0)
        paused.pause()
        for container in made[1:5]:
            container.wait()
        yield [State("absent"), State("restarting", 1), *map(_seen, (*made, killed, stopped, paused))]
        paused.unpause()


def _seen(container: docker.models.containers.Container) -> State:
    container.reload()
    facts = container.attrs["State"]
    return State(facts["Status"], facts["ExitCode"], container.logs())


@pytest.mark.parametrize("hints", HINTS)
def test_what_a_hint_claims_is_so(hints: tuple[StateHint, ...], states: list[State]) -> None:
    for state in states:
        for name in {hint.container for hint in hints if hint.container}:
            own = [one for one in hints if one.container == name and one.matches(state.status, state.exit_code)]
            for false in own[:1] and claims(own[0], state):
                raise AssertionError(f"{state}: {false}: {own[0].text}")


def claims(hint: StateHint, state: State) -> Iterator[str]:
    """What the text says that is not so in this state."""
    first = hint.text.split(". ")[0]
    if (code := re.search(r"(?:exited|ended) with (\d+)|\((\d+)\)", first)) and int(
        code[1] or code[2]
    ) != state.exit_code:
        yield "another exit code"
    if STAYS.search(first) and state.status not in ("running", "restarting"):
        yield "it does not run"
    if re.search(r"There is no container", first) and state.status != "absent":
        yield "it is there"
    if re.search(r"\b(?:has ended|has exited|exited with|ended with)\b", first) and state.status != "exited":
        yield "it has not ended"
    if READS_THE_LOG.search(hint.text) and "exit code" not in hint.text and not state.log:
        yield "its log says nothing"
