"""fleet: several containers from one image, where each is reached, and which of them answers."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from html import escape
from typing import Annotated, Any

import docker
import msgspec
from docker.errors import DockerException

from course.engine.errors import translate
from course.engine.facts import ImageFact, image_fact
from course.errors import CourseError
from course.widgets.acts import ContainerId, Remove, Start, carry_out, line
from course.widgets.drawn import Cancel, Cancelled, source
from course.widgets.engine_picture import change
from course.widgets.picture import CALL_SECONDS, Picture, session_url
from course.widgets.reading import ContainerRow, World
from course.widgets.visits import SECONDS, Door, visit_all
from course.widgets.words import counted, state_words

LABEL = "slipway.fleet"
"""The label of the containers that a fleet made; its value is the start of the image's id."""
MOST = 12
"""How many containers a fleet runs at most; so a session's other containers find room too."""
DRAWN = 24
"""How many containers are drawn, with those that have ended."""
REQUESTS = 100
SHOWN_CHARACTERS = 160
REDRAW_SECONDS = 0.1


class Move(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag="move"):
    """Run this many containers."""

    number: Annotated[int, msgspec.Meta(ge=0, le=MOST)]


class Kill(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag="kill"):
    """Kill one."""

    container: ContainerId


class Ask(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag="ask"):
    """Send requests to all in turn."""

    count: Annotated[int, msgspec.Meta(ge=1, le=REQUESTS)]


class Clear(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag="clear"):
    """Remove all containers of the fleet."""


class NotOfFleet(CourseError):
    """A command named a container that the fleet did not make, or an image that is another one now."""


class NoPort(CourseError):
    """The image does not say at which port its program listens."""


@dataclass
class Tally:
    """What one container answered of what it was asked, and the last text."""

    asked: int = 0
    answered: int = 0
    last: str = ""


class Fleet(Picture):
    """Containers of one image.

    Args:
        image: its name, its id, or docker-py's object.
        number: how many shall run, 0 to `MOST`.
        port: the port inside at which they are asked; None is the one that the image names (EXPOSE).

    Raises:
        EngineError: there is no such image, or the engine refused a container.
        NoPort: no port was given, and the image names none, or several.
    """

    kind = "fleet"
    commands = Move | Kill | Start | Remove | Ask | Clear | Cancel
    _esm = source("parts.js", "fleet.js")
    _css = source("tokens.css", "fleet.css")

    def __init__(self, image: Any, number: int, port: int | None) -> None:
        self._reference = str(getattr(image, "id", image))
        self._tallies: dict[str, Tally] = {}
        self._doors: dict[str, int] = {}
        self._asking: tuple[int, int] | None = None
        with closing(docker.DockerClient(base_url=session_url(), version="auto", timeout=CALL_SECONDS)) as client:
            fact = image_fact(client, self._reference)
            self._image_id, self._port = fact.id, port or _port(fact)
            try:
                self._move(client, number)
            except (DockerException, OSError) as error:
                raise translate(error) from error
        super().__init__()

    # ---- what is drawn

    def show(self, world: World) -> dict[str, Any]:
        """The state that draws the fleet in a world."""
        own = self._own(world)
        for row in own:
            if door := dict(row.ports).get(self._port):
                self._doors[row.id] = door
        running = [row.name for row in own if row.status == "running"]
        lost = len(own) - len(own[-DRAWN:])
        return {
            "summary": f"{self._called}: {counted(len(own), 'container')}, {len(running)} running",
            "number": len(running),
            "most": MOST,
            "moves": [self._move_line(running, number) for number in range(MOST + 1)],
            "members": [self._member(row) for row in own[-DRAWN:]],
            "asking": self._asking_words(),
            "ask_line": self._ask_line(),
            "ask_count": REQUESTS,
            "clear_line": f"for one in {self._list_call(everything=True)}: one.remove(force=True)",
            "more": f"Not drawn: {counted(lost, 'older container')}." if lost else "",
            "change": change(_only(self._world, self._short), _only(world, self._short)) if self.state else "",
            "trouble": world.trouble,
        }

    def text(self) -> str:
        """Each container with its state, its port, and what it answered."""
        state = self.state
        lines = [f"Fleet of {state['summary']}"]
        lines += [f"  {one['name']}: {one['words']}, {one['door']}, {one['answers']}" for one in state["members"]]
        return "\n".join([*lines, *filter(None, [state["more"], state["trouble"]])])

    def html(self) -> str:
        """The same as a table."""
        state = self.state
        rows = "".join(
            "<tr>" + "".join(f"<td style='text-align:left'>{escape(one[part])}</td>" for part in _PARTS) + "</tr>"
            for one in state["members"]
        )
        rest = " ".join(filter(None, [state["more"], state["trouble"]]))
        return (
            f"<table><caption>Fleet of {escape(state['summary'])}</caption><thead><tr><th>Container</th><th>State</th>"
            f"<th>Port</th><th>Requests</th></tr></thead><tbody>{rows}</tbody></table>"
            + (f"<p>{escape(rest)}</p>" if rest else "")
        )

    # ---- what a learner does

    def act(self, command: Any, client: docker.DockerClient) -> dict[str, str]:
        """Move the number, kill, start or remove one, send requests, or remove all; only what the fleet made."""
        match command:
            case Move():
                return {"notice": self._move(client, command.number)}
            case Ask():
                return {"notice": self._ask(command.count)}
            case Clear():
                gone = client.containers.list(all=True, filters={"label": f"{LABEL}={self._short}"})
                for container in gone:
                    container.remove(force=True)
                return {"notice": f"✓ {counted(len(gone), 'container')} removed; the image is still there"}
        container = client.containers.get(command.container)
        if container.labels.get(LABEL) != self._short:
            raise NotOfFleet("a container of this fleet", container.name, "use docker-py in a cell for others")
        if isinstance(command, Kill):
            container.kill()
            return {"notice": f"✓ {container.name} is killed; the rest runs on"}
        return carry_out(command, client)

    def _move(self, client: docker.DockerClient, number: int) -> str:
        """Start or remove containers until so many run."""
        own = client.containers.list(filters={"label": f"{LABEL}={self._short}", "status": "running"})
        own.sort(key=lambda one: one.attrs["Created"])
        for container in own[number:]:
            self._unless_cancelled("the others run on")
            container.remove(force=True)
        if number > len(own) and client.images.get(self._reference).id != self._image_id:
            raise NotOfFleet(
                f"{self._reference} as it was", "the name stands for another image now", "run the cell again"
            )
        for done in range(number - len(own)):
            self._unless_cancelled(f"{counted(done, 'container')} more")
            client.containers.run(
                self._reference, ports={f"{self._port}/tcp": None}, labels={LABEL: self._short}, detach=True
            )
        return f"✓ {counted(number, 'container')} from the image {self._short}"

    def _ask(self, count: int) -> str:
        """Send requests to all in turn, also to the last known port of one that has ended."""
        own = self._own(self._world)
        taken = {port for row in own for _, port in row.ports}
        doors = []
        for row in own:
            port = dict(row.ports).get(self._port) or self._doors.get(row.id, 0)
            if port and (row.ports or port not in taken):
                doors.append(Door(row.id, port, row.status == "running"))
        if not doors:
            raise NotOfFleet("a container with a published port", "none", "move the number up")
        drawn = 0.0
        for done, reply in enumerate(visit_all(doors, count, self.cancelled), 1):
            tally = self._tallies.setdefault(reply.container, Tally())
            tally.asked += 1
            if reply.text is not None:
                tally.answered, tally.last = tally.answered + 1, reply.text[:SHOWN_CHARACTERS]
            self._asking = (done, count)
            if time.monotonic() - drawn > REDRAW_SECONDS:
                self.redraw()
                drawn = time.monotonic()
        done, self._asking = self._asking[0] if self._asking else 0, None
        self.redraw()
        self._unless_cancelled(f"{done} of {counted(count, 'request')} sent")
        silent = sum(not door.runs for door in doors)
        who = f"{counted(len(doors), 'container')} asked in turn" + (f", {silent} ended" if silent else "")
        return f"✓ {counted(count, 'request')}, {who}: see who answered"

    def _unless_cancelled(self, so_far: str) -> None:
        if "cancelled" in self.__dict__ and self.cancelled.is_set():
            raise Cancelled("the whole work", so_far, "press the button again")

    # ---- parts of the state

    @property
    def _short(self) -> str:
        return self._image_id.removeprefix("sha256:")[:12]

    @property
    def _called(self) -> str:
        name = self._reference if not self._reference.startswith("sha256:") else "image"
        return f"{name} (id {self._short})"

    def _own(self, world: World) -> list[ContainerRow]:
        return list(_only(world, self._short).containers)

    def _member(self, row: ContainerRow) -> dict[str, Any]:
        tally = self._tallies.get(row.id, Tally())
        door = dict(row.ports).get(self._port)
        kill = f"docker.from_env().containers.get({row.name!r}).kill()"
        acts = {
            "running": [{"id": "kill", "line": kill}],
            "exited": [{"id": act, "line": line(act, row.name)} for act in ("start", "remove")],
            "created": [{"id": "start", "line": line("start", row.name)}],
        }.get(row.status, [])
        return {
            "id": row.id,
            "name": row.name,
            "status": row.status,
            "words": state_words(row.status, row.exit_code),
            "door": f"port {self._port} inside is {door} outside" if door else f"port {self._port} is closed",
            "answers": f"answered {tally.answered} of {tally.asked}" if tally.asked else "not asked yet",
            "share": round(100 * tally.answered / tally.asked) if tally.asked else 0,
            "asked": tally.asked,
            "last": tally.last,
            "acts": acts,
        }

    def _asking_words(self) -> dict[str, Any] | None:
        if self._asking is None:
            return None
        done, count = self._asking
        return {"share": round(100 * done / count), "words": f"{done} of {counted(count, 'request')}"}

    def _list_call(self, *, everything: bool = False) -> str:
        which = "all=True, " if everything else ""
        return f"docker.from_env().containers.list({which}filters={{'label': '{LABEL}={self._short}'}})"

    def _move_line(self, running: list[str], number: int) -> str:
        if number < len(running):
            return f"for name in {running[number:]}: docker.from_env().containers.get(name).remove(force=True)"
        run = (
            f"docker.from_env().containers.run({self._reference!r}, ports={{'{self._port}/tcp': None}}, "
            f"labels={{'{LABEL}': '{self._short}'}}, detach=True)"
        )
        return f"for _ in range({number - len(running)}): {run}" if number > len(running) else ""

    def _ask_line(self) -> str:
        port = f"one.ports['{self._port}/tcp'][0]['HostPort']"
        page = f"urllib.request.urlopen('http://127.0.0.1:' + {port}, timeout={SECONDS:g}).read()"
        return f"import urllib.request; [{page} for one in {self._list_call()}]"


_PARTS = ("name", "words", "door", "answers")


def fleet(image: Any, n: int = 3, *, port: int | None = None) -> Fleet:
    """Run n containers from one image, show who answers at which port, and follow them.

    Containers of the same image that an earlier fleet made are taken over. They carry the label `slipway.fleet`, and
    are removed by a button, and by `reset()`.

    Args:
        image: its name, its id, or docker-py's object.
        n: how many, 0 to 12.
        port: the port inside; None is the one that the image names (EXPOSE).

    Raises:
        NoEngineHere: DOCKER_HOST is not set.
        EngineError: there is no such image, or the engine refused.
        NoPort: no port was given, and the image names none, or several.
        NotOfFleet: n is outside 0 to 12.
    """
    if not 0 <= n <= MOST:
        raise NotOfFleet(f"0 to {MOST} containers", str(n), f"fleet(image, {MOST})")
    return Fleet(image, n, port)


def _port(fact: ImageFact) -> int:
    named = [port.partition("/")[0] for port in fact.exposed_ports if not port.endswith("/udp")]
    if len(named) != 1:
        observed = f"the image names {', '.join(named) or 'none'}"
        raise NoPort("the port at which the program listens", observed, "fleet(image, 3, port=7080)")
    return int(named[0])


def _only(world: World, short: str) -> World:
    """The containers of one fleet, without the images: what a screen reader announces is about the fleet."""
    return World((), tuple(row for row in world.containers if row.label(LABEL) == short))
