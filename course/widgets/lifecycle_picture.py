"""lifecycle: the states of one container, when it was in each, and what each of them keeps."""

from __future__ import annotations

import re
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

import docker

from course.engine.errors import EngineError
from course.engine.facts import ContainerFact, container_fact
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
WAYS = {
    ("created", "running"): "docker start",
    ("running", "exited"): "docker stop, or its process ends",
    ("exited", "running"): "docker start",
    ("running", "paused"): "docker pause",
    ("paused", "running"): "docker unpause",
    ("exited", "removed"): "docker rm",
    ("created", "removed"): "docker rm",
}
"""From which state to which, and by what command."""
MOST_STEPS = 8
"""How many of the last steps are listed."""


class OtherContainer(CourseError):
    """A command named a container that the picture does not show."""


@dataclass(frozen=True)
class Step:
    """One state: since when (seconds since 1970; None where nobody knows), and in words."""

    at: float | None
    words: str

    @property
    def clock(self) -> str:
        """The time of day where this kernel runs."""
        return "--:--:--" if self.at is None else time.strftime("%H:%M:%S", time.localtime(self.at))


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
        fact = _fact(session_url(), str(getattr(container, "id", container)))
        self._id, self._name, self._image = fact.id, fact.name, fact.image
        self._status, self._code = "", fact.exit_code
        self._came_from = ""
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
            "ways": [
                {
                    "id": f"{start}-{end}",
                    "words": words,
                    "taken": (start, end) == (self._came_from, self._status),
                }
                for (start, end), words in WAYS.items()
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
        before, self._status, self._code = self._status, status, code
        if before != status:
            self._came_from = before
        started, finished = self._times() if row else (None, None)
        steps = list(self._steps)
        if not steps and row:
            steps = [Step(row.created, state_words("created"))]
            steps += [Step(started, state_words("running"))] if started and status not in ("created", "running") else []
        if status == "running" and before != "paused":
            steps.append(Step(started, state_words(status, code)))
        elif status in ("exited", "dead"):
            steps.append(Step(finished or time.time(), state_words(status, code)))
        elif status != "created" or self._steps:  # paused or removed: the engine tells no time of these
            steps.append(Step(time.time() if self._steps else None, state_words(status, code)))
        self._steps = tuple(steps[-MOST_STEPS:])

    def _times(self) -> tuple[float | None, float | None]:
        """When the container last started, and last ended, as the engine tells it."""
        try:
            fact = _fact(self._url, self._id)
        except EngineError:
            return None, None  # removed since; the next world is without it
        return _seconds(fact.started_at), _seconds(fact.finished_at)


def _fact(url: str, reference: str) -> ContainerFact:
    with closing(docker.DockerClient(base_url=url, version="auto", timeout=CALL_SECONDS)) as client:
        return container_fact(client, reference)


def _seconds(moment: str) -> float | None:
    """A time of the engine in seconds since 1970, such as "2026-05-04T10:00:00.123456789Z"; None for its year 1."""
    if not moment or moment.startswith("0001-"):
        return None
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", moment).replace("Z", "+00:00")).timestamp()


def lifecycle(container: Any) -> Lifecycle:
    """Show the life of a container, and step through it.

    Args:
        container: its name, its id, or docker-py's object.

    Raises:
        NoEngineHere: DOCKER_HOST is not set.
        EngineError: there is no such container, or the engine does not answer.
    """
    return Lifecycle(container)
