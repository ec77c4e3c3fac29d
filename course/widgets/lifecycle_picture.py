"""lifecycle: the states of one container, when it was in each, and what each of them keeps."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from html import escape
from typing import Any

import docker

from course.engine.facts import container_fact
from course.errors import CourseError
from course.widgets.acts import Act, carry_out, line
from course.widgets.picture import CALL_SECONDS, Picture, session_url, source
from course.widgets.reading import ContainerRow, World
from course.widgets.words import SYMBOLS, state_words

KEEPS = {
    "created": "its own files: yes · process: none yet · image: untouched",
    "running": "its own files: yes · process and memory: yes · image: untouched",
    "paused": "its own files: yes · process: frozen, memory kept · image: untouched",
    "exited": "its own files: yes · process and memory: gone · image: untouched",
    "removed": "its own files: gone · process and memory: gone · image: still there",
}
"""What a container has in each state, in the order of its life."""
_ACTS = {
    "created": ("start", "remove"),
    "running": ("pause", "stop"),
    "paused": ("unpause",),
    "exited": ("start", "remove"),
    "dead": ("remove",),
}
MOST_STEPS = 8
"""How many of the last steps are listed."""


class OtherContainer(CourseError):
    """A command named a container that the picture does not show."""


@dataclass(frozen=True)
class Step:
    """One state that was seen: when (seconds since 1970), and in words."""

    at: float
    words: str

    @property
    def clock(self) -> str:
        """The time of day where this kernel runs."""
        return time.strftime("%H:%M:%S", time.localtime(self.at))


class Lifecycle(Picture):
    """The life of one container, also after its end.

    Args:
        container: its name, its id, or docker-py's object.

    Raises:
        EngineError: there is no such container.
    """

    kind = "lifecycle"
    commands = Act
    _esm = source("parts.js", "lifecycle.js")
    _css = source("tokens.css", "lifecycle.css")

    def __init__(self, container: Any) -> None:
        reference = getattr(container, "id", container)
        with closing(docker.DockerClient(base_url=session_url(), version="auto", timeout=CALL_SECONDS)) as client:
            fact = container_fact(client, str(reference))
        self._id, self._name, self._image = fact.id, fact.name, fact.image
        self._status, self._code = "", fact.exit_code
        self._steps: tuple[Step, ...] = ()
        super().__init__()

    def show(self, world: World) -> dict[str, Any]:
        """The state that draws the container as a world has it, with the step that is new."""
        if not world.trouble:
            self._see(world.container(self._id))
        return {
            "name": self._name,
            "image": self._image,
            "status": self._status,
            "words": state_words(self._status, self._code),
            "states": [
                {"id": name, "words": f"{SYMBOLS[name]} {name}", "now": name == self._status, "keeps": keeps}
                for name, keeps in KEEPS.items()
            ],
            "acts": [
                {"id": act, "line": line(act, self._name), "container": self._id} for act in _ACTS.get(self._status, ())
            ],
            "steps": [f"{step.clock} {step.words}" for step in self._steps[-MOST_STEPS:]],
            "trouble": world.trouble,
        }

    def text(self) -> str:
        """The states, the present one marked, with what each keeps; then the steps that were seen."""
        state = self.state
        lines = [f"Life of container {self._name} (from {self._image}): {state['words']}"]
        for one in state["states"]:
            lines.append(f"{'→' if one['now'] else ' '} {one['words']}: {one['keeps']}")
        return "\n".join([*lines, *(f"  {step}" for step in state["steps"]), *filter(None, [state["trouble"]])])

    def html(self) -> str:
        """The states as a table, and the steps as a list."""
        state = self.state
        rows = "".join(
            f"<tr><td>{'→ now' if one['now'] else ''}</td><td>{escape(one['words'])}</td>"
            f"<td style='text-align:left'>{escape(one['keeps'])}</td></tr>"
            for one in state["states"]
        )
        steps = "".join(f"<li>{escape(step)}</li>" for step in state["steps"])
        caption = f"Life of container {self._name} (from {self._image}): {state['words']}"
        rest = f"<p>{escape(state['trouble'])}</p>" if state["trouble"] else ""
        head = "<thead><tr><th></th><th>State</th><th>What is kept</th></tr></thead>"
        return f"<table><caption>{escape(caption)}</caption>{head}<tbody>{rows}</tbody></table><ul>{steps}</ul>{rest}"

    def act(self, command: Any, client: docker.DockerClient) -> dict[str, str]:
        """Take the container a step further; only this container."""
        if command.container != self._id:
            raise OtherContainer(f"a command for {self._name}", "this picture is about one container", "call lifecycle")
        return carry_out(command, client)

    def _see(self, row: ContainerRow | None) -> None:
        """Note a step, when the state is another one than before."""
        status = row.status if row else "removed"
        code = row.exit_code if row else None
        if row:
            self._name = row.name
        if (status, code) == (self._status, self._code) and self._steps:
            return
        self._status, self._code = status, code
        if not self._steps and row:
            self._steps = (Step(row.created, state_words("created")),)
            if status == "created":
                return
        self._steps = (*self._steps, Step(time.time(), f"{state_words(status, code)}"))[-MOST_STEPS:]


def lifecycle(container: Any) -> Lifecycle:
    """Show the life of a container, and step through it.

    Args:
        container: its name, its id, or docker-py's object.

    Raises:
        NoEngineHere: DOCKER_HOST is not set.
        EngineError: there is no such container, or the engine does not answer.
    """
    return Lifecycle(container)
