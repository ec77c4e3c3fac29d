"""Which lesson made which object of a session: a note on disk, brought up to date when another lesson's turn comes.

All lessons of a workspace share one session, and the engine does not know about lessons. A lesson's turn begins with
its set-up cell, and again with each cell that is run in its notebook while another lesson's turn was on. What is there
then belongs to the lesson before; what appears afterwards belongs to the lesson whose turn it is.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from course.paths import state_dir
from course.progress import is_read_only

if TYPE_CHECKING:
    from docker import DockerClient

NOBODY = ""
"""The owner of what was there before the first lesson."""
MOST_TURNS = 1000
_BUILT_IN_NETWORKS = ("bridge", "host", "none")


@dataclass(frozen=True)
class Belonging:
    """An object: its kind (container, image, network, volume), what the engine calls it, and what a person does.

    `made` tells it from another one that takes its name later: the id of an image, the time when a volume was created.
    """

    kind: str
    ref: str
    name: str
    made: str = ""

    @property
    def key(self) -> str:
        """The text that stands for it in the note."""
        return key_of(self.kind, self.ref, self.made)


def key_of(kind: str, ref: str, made: str = "") -> str:
    """The text that stands for an object in the note; the arguments are the fields of `Belonging`."""
    return f"{kind}:{ref}@{made}" if made else f"{kind}:{ref}"


class _Note(msgspec.Struct):
    current: str = NOBODY
    owners: dict[str, str] = msgspec.field(default_factory=dict)
    turns: list[tuple[float, str]] = msgspec.field(default_factory=list)


@dataclass(frozen=True)
class Owners:
    """Which lesson a session's objects and its moments belong to; `NOBODY` where that is not known."""

    _note: _Note

    def of(self, key: str) -> str:
        """The lesson that made an object (`Belonging.key`)."""
        return self._note.owners.get(key, self._note.current)

    def noted(self, key: str) -> str:
        """The lesson that is on record for an object; `NOBODY` for one that came and went within a turn."""
        return self._note.owners.get(key, NOBODY)

    def at(self, moment: float) -> str:
        """The lesson whose turn it was, at a time in seconds since the epoch."""
        return next((lesson for begun, lesson in reversed(self._note.turns) if begun <= moment), NOBODY)


_unsaved: dict[str, _Note] = {}
"""Notes where nothing may be written, as in a grader's sandbox."""


def lesson_begins(client: DockerClient, sid: str, lesson_id: str) -> None:
    """Note that what appears from here on in this session belongs to this lesson."""
    note = _read(sid)
    if note.current != lesson_id:
        present = [thing.key for thing in holdings(client)]
        owners = {key: note.owners.get(key, note.current) for key in present}
        _write(sid, _Note(lesson_id, owners, [*note.turns, (time.time(), lesson_id)][-MOST_TURNS:]))


def turn_of(sid: str) -> str:
    """The lesson whose turn it is in a session, `NOBODY` before the first one."""
    return _read(sid).current


def owners(sid: str) -> Owners:
    """Which lesson made what in a session."""
    return Owners(_read(sid))


def of_lesson(client: DockerClient, sid: str, lesson_id: str) -> list[Belonging]:
    """What the lesson made and is still there, containers first, because they hold on to the rest."""
    note = _read(sid)
    return [thing for thing in holdings(client) if note.owners.get(thing.key, note.current) == lesson_id]


def clear(client: DockerClient, sid: str, lesson_id: str) -> list[Belonging]:
    """Remove all that a lesson made, and return it. Raises as `remove` does."""
    gone: list[Belonging] = []
    while found := remove(client, of_lesson(client, sid, lesson_id)):
        gone += found  # an image without a name is shown only once its last child is gone, so look again
    return gone


def holdings(client: DockerClient) -> Iterator[Belonging]:
    """Everything that the session holds besides the base images and the built-in networks."""
    for container in client.containers.list(all=True, ignore_removed=True):
        yield Belonging("container", str(container.id), str(container.name))
    for image in client.images.list():
        if any(tag.startswith("course/") for tag in image.tags):
            own = [tag for tag in image.tags if not tag.startswith("course/")]
        else:
            own = image.tags or [str(image.id)]
        for tag in own:
            shown = tag.removeprefix("sha256:")[:12] if tag == image.id else tag
            yield Belonging("image", tag, shown, made=str(image.id))
    for network in client.networks.list():
        if network.name not in _BUILT_IN_NETWORKS:
            yield Belonging("network", str(network.id), str(network.name))
    for volume in client.volumes.list():
        shown = str(volume.name)[:12] if len(volume.name) == 64 else str(volume.name)
        yield Belonging("volume", str(volume.name), shown, made=str(volume.attrs.get("CreatedAt") or ""))


def remove(client: DockerClient, things: Iterable[Belonging]) -> list[Belonging]:
    """Remove these objects; return those that were still there.

    One that is refused is tried again after the others, because it may hang on one of them (an image on its child).

    Raises:
        docker.errors.APIError: the engine refuses one for good; everything else is removed.
    """
    from docker.errors import APIError, NotFound

    gone: list[Belonging] = []
    waiting, refusals = list(things), dict[Belonging, APIError]()
    while waiting:
        refusals = {}
        for thing in waiting:
            try:
                _remove(client, thing)
            except NotFound:
                continue  # a volume goes with its container, an image with its last name
            except APIError as error:
                refusals[thing] = error
            else:
                gone.append(thing)
        if len(refusals) == len(waiting):
            break
        waiting = list(refusals)
    for refusal in refusals.values():
        raise refusal
    return gone


def _remove(client: DockerClient, thing: Belonging) -> None:
    api: Any = client.api
    match thing.kind:
        case "container":
            api.remove_container(thing.ref, force=True, v=True)
        case "image":
            api.remove_image(thing.ref, force=True)
        case "network":
            api.remove_network(thing.ref)
        case _:
            api.remove_volume(thing.ref)


def _path(sid: str) -> Path:
    folder = state_dir() / "belongings"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{Path(sid).name}.json"


def _read(sid: str) -> _Note:
    try:
        return msgspec.json.decode(_path(sid).read_bytes(), type=_Note)
    except (FileNotFoundError, msgspec.DecodeError):
        return _Note()
    except OSError as error:
        if is_read_only(error):
            return _unsaved.get(sid, _Note())
        raise


def _write(sid: str, note: _Note) -> None:
    try:
        path = _path(sid)
        new = path.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(note))
        new.replace(path)
    except OSError as error:
        if not is_read_only(error):
            raise
        _unsaved[sid] = note
