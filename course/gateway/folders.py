"""Folders of the workspace that containers mount: found without following a link, and looked at again at each start.

A path is walked from the workspace down, one name at a time, by descriptors, and no name on the way may be a link
(what openat2(2) does with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS). The engine takes a path, not a descriptor, and
resolves it again whenever the container starts: so `mounting` repeats the walk before and after each start. What gap
that leaves is told in `policy/README.md`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from course.gateway.policy.refusal import Refusal

_OPEN = getattr(os, "O_PATH", os.O_RDONLY | os.O_NONBLOCK) | os.O_NOFOLLOW | os.O_CLOEXEC
_INSTEAD = "Mount a folder of the workspace, use a named volume, or COPY in a Dockerfile."
MODE = 0o755  # of a folder that is made because it was absent


@dataclass(frozen=True)
class Folder:
    """A folder or file that a container mounts.

    Args:
        path: where it is, without links.
        device, inode: which file that was when it was found.
    """

    path: str
    device: int
    inode: int


@dataclass(frozen=True)
class Workspace:
    """The folder below which folders may be mounted.

    Args:
        path: as the session was opened with it; "" for none.
        closed: folders that hold sessions' own files, which no mount may reach.
    """

    path: str
    closed: tuple[Path, ...] = ()

    def find(self, source: str, *, make: bool = False) -> Folder:
        """The folder or file that a mount names.

        Args:
            source: an absolute path, as the learner wrote it.
            make: whether a folder is made where there is nothing, as the engine does for `-v`.

        Raises:
            Refusal: 403 for what lies outside, is reached by a link, or is neither a folder nor a file; 400 when there
                is nothing.
        """
        root, names = self._split(source)
        path = root.joinpath(*names)
        for own in self.closed:
            if path == own or path in own.parents or own in path.parents:
                raise Refusal(f"the bind mount of {source}", "sessions keep their own files there", _INSTEAD)
        with _walked(root, names, source, make=make) as found:
            status = os.fstat(found)
        if not (stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode)):
            raise Refusal(f"the bind mount of {source}", "it is neither a folder nor a file", _INSTEAD)
        return Folder(str(path), status.st_dev, status.st_ino)

    def _split(self, source: str) -> tuple[Path, tuple[str, ...]]:
        """The workspace without links, and the names from there to the source."""
        asked = PurePosixPath(source)
        if self.path and ".." not in asked.parts and source.startswith("/") and "\0" not in source:
            root = Path(self.path).resolve()
            for spelled in (Path(self.path), root):
                if asked.is_relative_to(spelled) and root != Path("/"):
                    return root, asked.relative_to(spelled).parts
        where = (
            f"only folders inside the workspace {self.path} can be mounted" if self.path else "there is no workspace"
        )
        raise Refusal(f"the bind mount of {source}", where, _INSTEAD)


@contextmanager
def _walked(root: Path, names: tuple[str, ...], source: str, *, make: bool) -> Iterator[int]:
    """A descriptor of what the names lead to; no link is followed."""
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        for index, name in enumerate(names):
            there = _step(here, name, source, make=make)
            os.close(here)
            here = there
            kind = os.fstat(here).st_mode
            if stat.S_ISLNK(kind):
                raise Refusal(
                    f"the bind mount of {source}", f"{name} is a link, which could lead out of the workspace", _INSTEAD
                )
            if index < len(names) - 1 and not stat.S_ISDIR(kind):
                raise Refusal(f"the bind mount of {source}", f"{name} is no folder", status=400)
        yield here
    finally:
        os.close(here)


def _step(here: int, name: str, source: str, *, make: bool) -> int:
    try:
        return os.open(name, _OPEN, dir_fd=here)
    except FileNotFoundError:
        if not make:
            words = f'invalid mount config for type "bind": bind source path does not exist: {source}'
            raise Refusal(words, "", status=400) from None
    except OSError as error:  # ELOOP where there is no O_PATH
        raise Refusal(f"the bind mount of {source}", f"{name}: {error.strerror}", _INSTEAD) from error
    above = os.fstat(here)
    try:
        os.mkdir(name, MODE, dir_fd=here)
        if os.geteuid() == 0 and above.st_uid:  # a folder of its owner's, not of root's as the engine makes it
            os.chown(name, above.st_uid, above.st_gid, dir_fd=here, follow_symlinks=False)
    except FileExistsError:
        pass  # somebody was faster: it is looked at like any other
    except OSError as error:
        raise Refusal(f"the bind mount of {source}", f"{name}: {error.strerror}", _INSTEAD) from error
    return os.open(name, _OPEN, dir_fd=here)


# ---- what a running container has


@dataclass(frozen=True)
class Mounted:
    """A line of mountinfo: the device, and the path within its file system."""

    device: str
    root: str


def mounts_of(pid: int, table: Path | None = None) -> frozenset[Mounted] | None:
    """The mounts of a process; None where this process may not see them (it isn't root, or not on that machine)."""
    try:
        lines = (table or Path(f"/proc/{pid}/mountinfo")).read_text().splitlines()
    except OSError:
        return None
    rows = [line.split() for line in lines]
    return frozenset(Mounted(row[2], _unescaped(row[3])) for row in rows)


def expected_mount(folder: Folder) -> Mounted | None:
    """How a mount of that folder shows in mountinfo, seen from this process; None if this can't be determined."""
    best: tuple[int, Mounted] | None = None
    try:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return None
    for row in (line.split() for line in lines):
        point = _unescaped(row[4])
        if folder.path == point or folder.path.startswith(point.rstrip("/") + "/"):
            inside = folder.path[len(point.rstrip("/")) :]
            if best is None or len(point) >= best[0]:
                best = len(point), Mounted(row[2], (_unescaped(row[3]).rstrip("/") + inside) or "/")
    return best[1] if best else None


def _unescaped(word: str) -> str:
    """A path of mountinfo, where blanks and the like are octal."""
    for code in ("040", "011", "012", "134"):
        word = word.replace(f"\\{code}", chr(int(code, 8)))
    return word
