"""What was done to the objects of a session, as its journal or the engine's events tell it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docker import DockerClient

    from course.gateway import Entry

# The engine's words on the left, ours on the right; all others are kept.
_EVENTS = {"archive-path": "copy_out", "extract-to-dir": "copy_in", "exec_create": "exec", "delete": "remove"}
# The journal's calls on the left; for all others the part after the dot is the action.
_CALLS = {
    "container.archive.get": "copy_out",
    "container.archive.put": "copy_in",
    "container.archive.stat": "",  # comes with every copy
    "container.remove": "destroy",
    "network.remove": "destroy",
    "volume.remove": "destroy",
    "exec.create": "",  # nothing has begun yet
    "exec.begun": "exec",
    "exec.start": "",  # is written when the command has ended, which may be later than the next check
    "exec.inspect": "",
    "image.create": "pull",
}
_SESSION_SOCKET = re.compile(r"/([a-z][0-9a-f]{11})(?:\.c)?\.sock$")


_EVENTS_THAT_COUNT = ("exec.begun",)


@dataclass(frozen=True)
class Deed:
    """What was done, to what, and when.

    Args:
        action: as the engine's events name it (`create`, `start`, `die`, `destroy`), with plain words for four of
            them: `exec`, `copy_in`, `copy_out`, `remove`. The journal of a session also has what leaves no event:
            `build`, `logs`, `inspect`, `top`, `changes`.
        kind: container, image, network or volume.
        name: the learner's name for the object.
        object_id: the engine's id.
        time: seconds since the epoch.
    """

    action: str
    kind: str
    name: str
    object_id: str
    time: float


@dataclass(frozen=True)
class Told:
    """What is known of the deeds on a machine.

    Args:
        deeds: oldest first.
        whole: whether there is nothing besides.
    """

    deeds: tuple[Deed, ...]
    whole: bool = True


def of_session(url: str) -> Told | None:
    """What the journal of a session tells.

    Args:
        url: the address of an engine or of a session.

    Returns:
        None when this is not a session, or its journal cannot be found.
    """
    from course.errors import CourseError
    from course.gateway import journal
    from course.gateway.journal_file import is_whole

    socket = _SESSION_SOCKET.search(url)
    if socket is None:
        return None
    try:
        entries = journal(socket[1])
        return Told(tuple(_from_journal(entries)), is_whole(entries))
    except CourseError:
        return None


def of_engine(client: DockerClient) -> list[Deed]:
    """What the engine's events tell: the last 256 of all (moby daemon/events, `eventsLimit`)."""
    now: Any = f"{time.time():.9f}"  # the engine takes fractions; whole seconds would hide what was done a moment ago
    return list(_from_events(client.api.events(since=1, until=now, decode=True)))


def _from_journal(entries: Iterable[Entry]) -> Iterator[Deed]:
    names: dict[str, str] = {}
    for entry in entries:
        if entry.decision != "allowed" and entry.route not in _EVENTS_THAT_COUNT:
            continue
        if entry.decision == "check" or entry.status >= 400 or entry.outcome.get("error"):
            continue
        asked, outcome = entry.asked, entry.outcome
        if entry.route.endswith(".create") and outcome.get("id") and asked.get("name"):
            names[str(outcome["id"])] = str(asked["name"])
        kind, _dot, call = entry.route.partition(".")
        action = _CALLS.get(entry.route, call)
        if not action:
            continue
        reference = str(outcome.get("container") or asked.get("id") or asked.get("name") or asked.get("tag") or "")
        object_id = str(outcome.get("id") or reference) if kind != "exec" else reference
        for tag in asked.get("tags") or (reference,):
            name = names.get(reference, str(tag))
            yield Deed(action, "container" if kind == "exec" else kind, name, object_id, entry.time)
        if entry.route == "container.rename":
            names[reference] = str(asked.get("name") or names.get(reference, reference))


def _from_events(events: Iterable[Mapping[str, Any]]) -> Iterator[Deed]:
    for event in events:
        actor = event.get("Actor") or {}
        action = str(event.get("Action") or "").partition(":")[0]
        when = float(event.get("timeNano") or 0) / 1e9 or float(event.get("time") or 0)
        object_id = str(actor.get("ID") or "")
        name = str((actor.get("Attributes") or {}).get("name") or object_id)
        yield Deed(_EVENTS.get(action, action), str(event.get("Type") or ""), name, object_id, when)
