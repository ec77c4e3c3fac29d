"""Questions about files, by the engine's archive call: nothing is started, so images without a shell work too."""

from __future__ import annotations

import io
import posixpath
import tarfile
from collections.abc import Generator
from dataclasses import dataclass

from grader.checks.check import failed
from grader.checks.finding import find_container, find_image
from grader.checks.named import Container, Image
from grader.checks.starting import shelf
from grader.checks.text import Wanted, found, named
from grader.checks.trial import Trial

LARGEST = 4 * 1024 * 1024  # bytes of a file whose content is looked at
MOST_LINKS = 8
_FOLDER, _LINK = 1 << 31, 1 << 27  # bits of Go's io/fs.FileMode, in which the engine gives the mode
_SETUID, _SETGID, _STICKY = 1 << 23, 1 << 22, 1 << 20


@dataclass(frozen=True)
class Entry:
    """A file or folder. `mode` holds the permission bits as in `chmod`; `size` is bytes."""

    path: str
    mode: int
    size: int
    is_folder: bool


def has(image: Image, path: str, contains: Wanted | None, equals: str | None, mode: int | None, trial: Trial) -> str:
    """A file of an image is there, as wanted."""
    held = shelf(trial, find_image(trial, image), image.machine)
    return _wanted(trial, held, path, contains, equals, mode, image.machine, image.ref)


def lacks(image: Image, path: str, trial: Trial) -> str:
    """Nothing is at this path of an image."""
    held = shelf(trial, find_image(trial, image), image.machine)
    return _absent(trial, held, path, image.machine, image.ref)


def container_has(
    container: Container, path: str, contains: Wanted | None, equals: str | None, mode: int | None, trial: Trial
) -> str:
    """A file of a container is there, as wanted."""
    held = find_container(trial, container).id
    return _wanted(trial, held, path, contains, equals, mode, container.machine, container.name)


def container_lacks(container: Container, path: str, trial: Trial) -> str:
    """Nothing is at this path of a container."""
    return _absent(trial, find_container(trial, container).id, path, container.machine, container.name)


def changed(container: Container, path: str, trial: Trial) -> str:
    """The container's own layer holds a change at this path."""
    held = find_container(trial, container).id
    changes = trial.client(container.machine).api.diff(held) or []
    if not any(change["Path"] == path for change in changes):
        seen = ", ".join(change["Path"] for change in changes[:8]) or "no changes"
        raise failed("container.unchanged", container=container.name, path=path, seen=seen)
    return f"{path} differs from the image"


def stat(trial: Trial, container_id: str, path: str, machine: str = "") -> Entry | None:
    """What is at this path of a container, with links followed; None for nothing.

    HEAD of the archive call, which docker-py has no method for: to open an archive the engine runs itself once more.
    """
    from docker.errors import NotFound
    from docker.utils.utils import decode_json_header

    api = trial.client(machine).api
    for _hop in range(MOST_LINKS):
        answer = api.head(api._url("/containers/{0}/archive", container_id), params={"path": path})
        try:
            api._raise_for_status(answer)
        except NotFound:
            return None
        told = decode_json_header(answer.headers["X-Docker-Container-Path-Stat"])
        bits = int(told["mode"])
        if not bits & _LINK:
            return Entry(path, _permissions(bits), int(told["size"]), bool(bits & _FOLDER))
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), told["linkTarget"]))
    return None


def read_text(trial: Trial, container_id: str, path: str, machine: str = "") -> str | None:
    """The content of a file of at most `LARGEST` bytes as text; None when there is no such file."""
    entry = stat(trial, container_id, path, machine)
    if entry is None or entry.is_folder or entry.size > LARGEST:
        return None
    stream, _told = trial.client(machine).api.get_archive(container_id, entry.path)
    try:
        with tarfile.open(fileobj=_Reader(stream), mode="r|") as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is not None:
                    return content.read(LARGEST).decode("utf-8", "replace")
    finally:
        stream.close()
    return None


def put_text(trial: Trial, container_id: str, folder: str, name: str, text: str, machine: str = "") -> None:
    """Write a small file into a container, running or not.

    Raises:
        Unmet: `files.no_folder`: the folder is not there.
    """
    from docker.errors import NotFound

    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(text.encode())
        archive.addfile(member, io.BytesIO(text.encode()))
    try:
        trial.client(machine).api.put_archive(container_id, folder, held.getvalue())
    except NotFound:
        raise failed("files.no_folder", folder=folder) from None


def _wanted(
    trial: Trial,
    held: str,
    path: str,
    contains: Wanted | None,
    equals: str | None,
    mode: int | None,
    machine: str,
    owner: str,
) -> str:
    entry = stat(trial, held, path, machine)
    if entry is None:
        raise failed("files.absent", owner=owner, path=path)
    if mode is not None and entry.mode != mode:
        raise failed("files.other_mode", owner=owner, path=path, mode=f"{mode:o}", seen=f"{entry.mode:o}")
    if contains is None and equals is None:
        return f"{path}, mode {entry.mode:o}"
    text = read_text(trial, held, path, machine)
    if text is None:
        kind = "a folder" if entry.is_folder else f"{entry.size} bytes long"
        raise failed("files.no_text", owner=owner, path=path, kind=kind)
    if equals is not None and text != equals:
        raise failed("files.other_content", owner=owner, path=path, seen=text)
    if contains is not None and not found(contains, text):
        raise failed("files.content_lacks", owner=owner, path=path, wanted=named(contains), seen=text)
    return f"{path}, {entry.size} bytes"


def _absent(trial: Trial, held: str, path: str, machine: str, owner: str) -> str:
    entry = stat(trial, held, path, machine)
    if entry is not None:
        raise failed("files.there", owner=owner, path=path)
    return f"nothing at {path}"


def _permissions(bits: int) -> int:
    special = (0o4000 if bits & _SETUID else 0) | (0o2000 if bits & _SETGID else 0) | (0o1000 if bits & _STICKY else 0)
    return special | (bits & 0o777)


class _Reader(io.RawIOBase):
    """The chunks of a download as a file, for tarfile."""

    def __init__(self, chunks: Generator[bytes, None, None]) -> None:
        self._chunks, self._rest = chunks, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._rest) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._rest += chunk
        size = len(self._rest) if size < 0 else size
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken
