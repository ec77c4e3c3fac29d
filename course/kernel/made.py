"""What a lesson's cell made on the engine, so that running the cell again starts from nothing.

docker-py sends every request through one method (`course.kernel.interrupt`). Of an exercise's answer cell, and of what
the lesson gives with it, the answers to requests that make something are noted, on disk, by notebook and cell. When the
cell runs again, also after a restart of the kernel, that is removed first, and one line says so. What another cell, a
terminal or another notebook made is never touched, and neither is a name that has since been given to something else.

In the lesson's other cells only what would conflict is noted: containers with a name, and networks. A learner's own
cells are plain docker-py.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from course.lesson.lesson_cell import LessonCell, cells_of, running_lesson_cell
from course.paths import state_dir
from course.progress import is_read_only

ALL_OF_IT = ("starter", "given")
WHAT_CONFLICTS = ("run", "change")
ORDER = ("container", "network", "volume", "image")
LONGEST_ANSWER = 1_000_000
"""An answer to a load is looked at up to here (bytes)."""
_VERSION = re.compile(r"^/v[\d.]+(?=/)")
_LOADED = re.compile(rb'"Loaded image: ([^"\\]+)')
_IMAGE_NAME = re.compile(r"[a-z0-9][a-z0-9._/-]*(?::[0-9]+/[a-z0-9._/-]+)?(?::[\w.-]+)?")
_GONE = re.compile(r"/(containers|networks|volumes)/([^/]+)")


class Thing(msgspec.Struct, frozen=True):
    """One object.

    Args:
        socket: of the session that it is in.
        kind: container, network, volume or image.
        ref: its id; the name of a volume or an image.
        mark: what tells it from a later one of the same name: an image's id, when a volume was made.
    """

    socket: str
    kind: str
    ref: str
    mark: str = ""


class Made:
    """What the running cell makes."""

    def __init__(self) -> None:
        self._cell: LessonCell | None = None
        self._things: list[Thing] = []
        self._names: dict[tuple[str, str], str] = {}  # socket and name of an image → the id that it meant before

    def begin(self, *_: object) -> None:
        """A cell begins: remove what its last run made, and say so."""
        self._cell, self._things = None, []
        self._names.clear()
        cell = running_lesson_cell()
        if cell is None or not cell.has(*ALL_OF_IT, *WHAT_CONFLICTS):
            return
        before = _read(cell)
        self._cell = cell  # after reading: what is removed now is not noted
        if before:
            gone, kept = remove(before)
            _write(cell, [])
            if gone:
                print(f"○ removed what this cell made before: {', '.join(gone)}")
            for line in kept:
                print(f"○ {line}")

    def end(self, *_: object) -> None:
        """The cell has ended: see which image each name means that it gave."""
        from course.engine.errors import EngineError
        from course.session.client import client

        for socket in {socket for socket, _ in self._names}:
            with contextlib.suppress(EngineError), client(f"unix://{socket}") as engine:
                for name in [name for its, name in self._names if its == socket]:
                    found = _image_id(engine.api, name)
                    if found and found != self._names[socket, name]:
                        self._note(Thing(socket, "image", name, found))
        self._names.clear()
        self._cell = None

    @contextlib.contextmanager
    def watching(self, api: Any, request: Any) -> Iterator[list[Any]]:
        """Around the sending of a request; append its `requests.Response` to the list."""
        answers: list[Any] = []
        if self._cell is None or request.method not in ("POST", "DELETE") or _is_a_pictures():
            yield answers
            return
        parts = urlsplit(request.path_url)
        path, query = unquote(_VERSION.sub("", parts.path)), parse_qs(parts.query)
        whole = self._cell.has(*ALL_OF_IT)
        volumes = _volumes_to_come(api, path, request.body) if whole else []
        before = _names_now(api) if whole and path == "/images/load" else {}
        if whole:
            self._names_to_come(api, path, query)
        yield answers
        response = answers[0] if answers else None
        if response is None or not response.ok:
            return
        for name in volumes:
            self._note(Thing(_socket(api), "volume", name, _volume_mark(api, name)))
        if request.method == "DELETE":
            self._forget(_socket(api), path)
        elif path == "/containers/create" and (whole or "name" in query):
            self._note(Thing(_socket(api), "container", str(response.json().get("Id"))))
        elif path == "/networks/create":
            self._note(Thing(_socket(api), "network", str(response.json().get("Id"))))
        elif path == "/images/load" and whole:
            self._names_loaded(api, response, before)

    def command_begins(self, arguments: Sequence[str]) -> None:
        """A `docker` command begins: look at the images that its arguments name, because it may give a name away."""
        if self._cell is not None and self._cell.has(*ALL_OF_IT):
            from course.engine.errors import EngineError
            from course.session.client import client

            with contextlib.suppress(EngineError), client() as engine:
                self._look_at(engine.api, [word for word in arguments if _IMAGE_NAME.fullmatch(word)])

    def command_ended(self, label: str) -> None:
        """A `docker` command has ended: note what it made, which carries this label."""
        if self._cell is None:
            return
        from course.engine.errors import EngineError
        from course.session.client import client

        with contextlib.suppress(EngineError), client() as engine:
            api: Any = engine.api
            socket, only = _socket(api), {"label": label}
            for container in api.containers(all=True, filters=only):
                self._note(Thing(socket, "container", container["Id"]))
            for network in api.networks(filters=only):
                self._note(Thing(socket, "network", network["Id"]))
            if self._cell.has(*ALL_OF_IT):
                for volume in api.volumes(filters=only)["Volumes"] or ():
                    self._note(Thing(socket, "volume", volume["Name"], _volume_mark(api, volume["Name"])))

    def _names_to_come(self, api: Any, path: str, query: Mapping[str, list[str]]) -> None:
        """Images that a request names: which each name means now is kept, to see whether it changes."""
        repository = (query.get("repo") or query.get("fromImage") or [""])[0]
        tag = (query.get("tag") or ["latest"])[0]
        if path == "/build":
            names = query.get("t", [])
        elif repository and (path in ("/commit", "/images/create") or re.fullmatch(r"/images/.+/tag", path)):
            names = [f"{repository}:{tag}" if ":" not in repository.rpartition("/")[2] else repository]
        else:
            return
        self._look_at(api, names)

    def _look_at(self, api: Any, names: Iterable[str]) -> None:
        for name in names:
            full = name if ":" in name.rpartition("/")[2] else f"{name}:latest"
            if (_socket(api), full) not in self._names:
                self._names[_socket(api), full] = _image_id(api, full)

    def _names_loaded(self, api: Any, response: Any, before: Mapping[str, str]) -> None:
        """Images of an archive, which the answer names while docker-py reads it."""
        read, seen = response.raw.read, bytearray()

        def reading(*args: Any, **options: Any) -> bytes:
            piece: bytes = read(*args, **options)
            if len(seen) < LONGEST_ANSWER:
                seen.extend(piece)
                for name in _LOADED.findall(seen):
                    loaded = name.decode("utf-8", "replace").strip()
                    self._names.setdefault((_socket(api), loaded), before.get(loaded, ""))
            return piece

        response.raw.read = reading

    def _note(self, thing: Thing) -> None:
        if self._cell is not None and thing not in self._things:
            self._things.append(thing)
            _write(self._cell, self._things)

    def _forget(self, socket: str, path: str) -> None:
        """What the cell has removed itself; the name of a container in its place changes nothing."""
        found = _GONE.fullmatch(path)
        if found and self._cell is not None:
            kept = [one for one in self._things if (one.socket, one.kind + "s", one.ref) != (socket, *found.groups())]
            if len(kept) != len(self._things):
                self._things = kept
                _write(self._cell, kept)


MADE = Made()
"""The one of this process."""


def remove(things: list[Thing]) -> tuple[list[str], list[str]]:
    """Remove these objects where they still are what was noted.

    Returns:
        What went, as in "container shop"; and sentences about what had to stay.
    """
    from course.engine.errors import EngineError
    from course.session.client import client

    gone: list[str] = []
    kept: list[str] = []
    for socket in dict.fromkeys(thing.socket for thing in things):
        here = sorted((one for one in things if one.socket == socket), key=lambda one: ORDER.index(one.kind))
        try:
            with client(f"unix://{socket}") as engine:
                for thing in here:
                    _remove(engine.api, thing, gone, kept)
        except EngineError:
            continue  # a session that has ended, and with it all that it held
    return gone, kept


def undo(exercise: str) -> list[str]:
    """Remove what the last run of an exercise's answer made, as its cell does when it runs again.

    Returns:
        What went, as in "container shop".
    """
    gone: list[str] = []
    for cell in cells_of(exercise, Path.cwd()):
        if cell.has("starter"):
            gone += remove(_read(cell))[0]
            _write(cell, [])
    return gone


def _remove(api: Any, thing: Thing, gone: list[str], kept: list[str]) -> None:
    from docker.errors import APIError, NotFound

    name = thing.ref
    try:
        match thing.kind:
            case "container":
                name = str(api.inspect_container(thing.ref)["Name"]).lstrip("/")
                api.remove_container(thing.ref, force=True, v=True)
            case "network":
                name = str(api.inspect_network(thing.ref)["Name"])
                api.remove_network(thing.ref)
            case "volume" if _volume_mark(api, thing.ref) == thing.mark:
                api.remove_volume(thing.ref)
            case "image" if _image_id(api, thing.ref) == thing.mark:
                name = thing.ref.removesuffix(":latest")
                api.remove_image(thing.ref, force=True, noprune=True)  # its layers stay in the build cache
            case _:
                return  # the name means something else by now
    except NotFound:
        return
    except APIError as error:
        kept.append(f"the {thing.kind} {name} of the last run stays: {error.explanation}")
        return
    gone.append(f"{thing.kind} {name}")


def _is_a_pictures() -> bool:
    """Whether a picture asks, and not the cell."""
    return threading.current_thread().name.startswith("slipway-")


def _socket(api: Any) -> str:
    return str(getattr(getattr(api, "_custom_adapter", None), "socket_path", ""))


def _names_now(api: Any) -> dict[str, str]:
    return {tag: str(image["Id"]) for image in api.images() for tag in image.get("RepoTags") or ()}


def _image_id(api: Any, name: str) -> str:
    return _asked(lambda: api.inspect_image(name)["Id"])


def _volume_mark(api: Any, name: str) -> str:
    return _asked(lambda: api.inspect_volume(name).get("CreatedAt") or name)


def _asked(question: Callable[[], str]) -> str:
    """The engine's answer, "" where it has no such object, or gives no answer."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        return str(question())
    except (DockerException, RequestException):
        return ""


def _volumes_to_come(api: Any, path: str, body: bytes | str | None) -> list[str]:
    """Named volumes that a request will make: those that are not there yet."""
    try:
        wanted = msgspec.json.decode(body or b"{}")
        if path == "/volumes/create":
            names = [wanted.get("Name")]
        elif path == "/containers/create":
            host = wanted.get("HostConfig") or {}
            names = [str(bind).split(":")[0] for bind in host.get("Binds") or ()]
            names += [one.get("Source") for one in host.get("Mounts") or () if one.get("Type") == "volume"]
        else:
            return []
    except (msgspec.DecodeError, AttributeError, TypeError):
        return []
    return [name for name in names if name and not name.startswith("/") and not _volume_mark(api, name)]


def _path(cell: LessonCell) -> Path:
    notebook = hashlib.sha256(str(cell.notebook.resolve()).encode()).hexdigest()[:16]
    folder = state_dir() / "made" / notebook
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"{hashlib.sha256(cell.id.encode()).hexdigest()[:16]}.json"


def _read(cell: LessonCell) -> list[Thing]:
    try:
        return msgspec.json.decode(_path(cell).read_bytes(), type=list[Thing])
    except (msgspec.DecodeError, OSError):  # none yet, or nothing may be written here
        return []


def _write(cell: LessonCell, things: list[Thing]) -> None:
    try:
        path = _path(cell)
        new = path.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(things))
        new.replace(path)
    except OSError as error:
        if not is_read_only(error):
            raise
