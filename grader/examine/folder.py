"""Reading a folder that somebody else filled: regular files only, never through a link, with caps on all.

It is the only reader between a learner's folder and anything of ours: what it returns are contents by name. Modes,
owners, links, devices, sparse sizes and times stay behind.
"""

from __future__ import annotations

import os
import stat
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from grader.examine.errors import ExamineError
from grader.examine.reading import MOST_RAW, NotANotebook, readable

MOST_FILES = 2000
MOST_NAMES = 50_000  # looked at in one folder, so that what matters most is found among them
MOST_BYTES = 64 * 1024 * 1024
MOST_FILE_BYTES = 16 * 1024 * 1024
MOST_DEPTH = 20
MOST_PATH = 1000  # bytes
MOST_SKIPPED = 100
MOST_SECONDS = 30.0
MOST_LARGE = 4  # notebooks of one folder that are read although their outputs are too large
NOTEBOOK = ".ipynb"
UNNEEDED = frozenset({".git", ".ipynb_checkpoints", "__pycache__", "__MACOSX", ".DS_Store", ".venv", "venv"})
"""What editors and file managers leave in a learner's folder; `read_entry` passes over it without a word."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# a name may have become a pipe since it was looked at, and a file may be leased: O_NONBLOCK waits for nobody
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class NotAFolder(ExamineError):
    """What should be somebody's folder is a link, a file or something else."""


@dataclass(frozen=True)
class Folder:
    """What was read of a folder.

    Args:
        files: contents by POSIX path from the folder, sorted.
        skipped: one line for each thing that was left out, with the reason.
        owner: the user id that owns the folder.
    """

    files: dict[str, bytes]
    skipped: tuple[str, ...]
    owner: int


def read_folder(folder: Path) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Read the regular files of a folder and of the folders below it.

    Nothing is opened that is no regular file: no link is followed, no pipe waits, no device is touched. The folder
    itself may be reached through links; what is in it may not.

    Args:
        folder: where to start; a folder that is not there has no files.

    Returns:
        The files by their POSIX path from the folder, sorted; and one line for each thing that was left out, with the
        reason.
    """
    reading = _Reading()
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        return {}, ()
    try:
        reading.below(descriptor, PurePosixPath(), 1)
    finally:
        os.close(descriptor)
    return dict(sorted(reading.files.items())), reading.skipped


def read_entry(top: Path, *below: str, only_its_owner: bool = False) -> Folder:
    """Read somebody's folder below one of ours; no part of the way down may be a link.

    Args:
        top: a folder of ours.
        below: the names from there to somebody else's folder, one each.
        only_its_owner: leave out files that belong to another user than the folder does.

    Raises:
        NotAFolder: there is none of that name, or it is a link, a file, a pipe.
    """
    with opened_below(top, *below) as descriptor:
        status = os.fstat(descriptor)
        reading = _Reading(UNNEEDED, status.st_uid if only_its_owner else None)
        try:
            reading.below(descriptor, PurePosixPath(), 1)
        except OSError as error:
            raise NotAFolder("a folder that can be read", said(error), "ask for it again") from error
        return Folder(dict(sorted(reading.files.items())), reading.skipped, status.st_uid)


def read_file(top: Path, *below: str, most: int) -> bytes | None:
    """The beginning of one regular file below a folder of ours; None where there is none, or a link on the way.

    Args:
        top: a folder of ours.
        below: the names from there to the file, one each.
        most: bytes; a longer file is none.
    """
    *folders, name = below
    try:
        with opened_below(top, *folders) as folder:
            descriptor = os.open(name, _FILE, dir_fd=folder)
    except (OSError, NotAFolder):
        return None
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(most + 1) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    return None if content is None or len(content) > most else content


@contextmanager
def opened_below(top: Path, *below: str) -> Iterator[int]:
    """Open a folder below one of ours without following a link.

    Raises:
        NotAFolder: there is none of that name, or it is a link, a file, a pipe.
    """
    descriptor = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in below:
            inner = _open_folder(descriptor, name)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def _open_folder(above: int, name: str) -> int:
    if not name or "/" in name or "\0" in name or name in (".", ".."):
        raise NotAFolder("the name of a folder", repr(name), "correct it")
    try:
        return os.open(name, _FOLDER, dir_fd=above)
    except OSError as error:
        raise NotAFolder("a folder", kind_of(above, name) or said(error), "ask the learner for the files") from error


def kind_of(folder: int, name: str) -> str:
    """What a name is, if no folder or file: "a link", "a pipe"; "a file" for a file, "" for a folder."""
    try:
        kind = stat.S_IFMT(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError as error:
        return said(error)
    return {stat.S_IFDIR: "", stat.S_IFREG: "a file"}.get(kind, _KINDS.get(kind, "no regular file"))


def is_notebook(path: str) -> bool:
    """Whether a file's name says that it is a notebook."""
    return NOTEBOOK in path.rpartition("/")[2].casefold()


def without_outputs(raw: bytes) -> tuple[bytes | None, str]:
    """A notebook that is too large with its outputs, without them; None where that cannot be done; and what to say."""
    try:
        found = readable(raw)
    except NotANotebook as error:
        return None, f"{error.observed}. {error.try_next}"
    return found.content, " ".join(found.notes)


def larger_than(left: int) -> str:
    """Why a file was left out."""
    return f"larger than the {left} bytes that are left for it"


def said(error: OSError) -> str:
    """What the system says of an error, without the path."""
    return error.strerror or type(error).__name__


def is_relative(path: str) -> bool:
    """Whether this is a plain POSIX path below a folder: no root, no `..`, no NUL, writable as UTF-8."""
    parts = path.split("/")
    return "\0" not in path and path.isprintable() and all(part not in ("", ".", "..") for part in parts)


class _Reading:
    def __init__(self, unneeded: frozenset[str] = frozenset(), owner: int | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self._unneeded, self._owner = unneeded, owner
        self._bytes = self._large = 0
        self._skipped: list[str] = []
        self._more = 0
        self._end = time.monotonic() + MOST_SECONDS

    @property
    def skipped(self) -> tuple[str, ...]:
        more = (f"and {self._more} more",) if self._more else ()
        return (*self._skipped, *more)

    def below(self, folder: int, path: PurePosixPath, depth: int) -> None:
        """Read a folder: notebooks first, then other files, then folders, so that no heap of files hides a notebook."""
        with os.scandir(folder) as entries:
            found = [
                (entry.is_dir(follow_symlinks=False), not is_notebook(entry.name), entry.name)
                for _, entry in zip(range(MOST_NAMES), entries, strict=False)
                if entry.name not in self._unneeded
            ]
        if len(found) > MOST_FILES:
            self._skip(path, f"more than {MOST_FILES} names in one folder")
        for _, _, name in sorted(found)[:MOST_FILES]:
            if time.monotonic() > self._end:
                self._skip(path, f"not read within {MOST_SECONDS:g} s")
                return
            self._one(folder, name, path, depth)

    def _one(self, folder: int, name: str, above: PurePosixPath, depth: int) -> None:
        path = above / name
        try:
            kind = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
            clean = name if is_relative(str(path)) else _cleaned(name)
            if not is_relative(str(above / clean)) or str(above / clean) in self.files:
                self._skip(path, "a name that is no printable text")
            elif len(os.fsencode(str(path))) > MOST_PATH:
                self._skip(path, f"a path of more than {MOST_PATH} bytes")
            elif stat.S_ISDIR(kind):
                self._folder(folder, name, above / clean, depth)
            elif stat.S_ISREG(kind):
                self._file(folder, name, above / clean)
            else:
                self._skip(path, _KINDS.get(stat.S_IFMT(kind), "no regular file"))
        except OSError as error:
            self._skip(path, said(error))

    def _folder(self, folder: int, name: str, path: PurePosixPath, depth: int) -> None:
        if depth >= MOST_DEPTH:
            self._skip(path, f"more than {MOST_DEPTH} folders deep")
            return
        descriptor = os.open(name, _FOLDER, dir_fd=folder)
        try:
            if self._is_foreign(os.fstat(descriptor)):
                self._skip(path, "a folder of another user")
                return
            self.below(descriptor, path, depth + 1)
        finally:
            os.close(descriptor)

    def _file(self, folder: int, name: str, path: PurePosixPath) -> None:
        if len(self.files) >= MOST_FILES:
            self._skip(path, f"more than {MOST_FILES} files")
            return
        descriptor = os.open(name, _FILE, dir_fd=folder)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                self._skip(path, "no regular file")
                return
            if self._is_foreign(status):
                self._skip(path, "a file of another user")
                return
            left = min(MOST_FILE_BYTES, MOST_BYTES - self._bytes)
            content, why = self._content(file, status.st_size, path, left)
        if why:
            self._skip(path, why)
        if content is not None:
            self.files[str(path)] = content
            self._bytes += len(content)

    def _content(self, file: BinaryIO, size: int, path: PurePosixPath, left: int) -> tuple[bytes | None, str]:
        """What is taken of a file, None for nothing; and what is left out, "" for nothing."""
        why = ""
        if size <= left:
            content: bytes | None = file.read(left + 1)
        elif is_notebook(str(path)) and self._large < MOST_LARGE:
            self._large += 1
            content, why = without_outputs(file.read(MOST_RAW + 1))
        else:
            content, why = None, larger_than(left)
        return (None, larger_than(left)) if content is not None and len(content) > left else (content, why)

    def _is_foreign(self, status: os.stat_result) -> bool:
        return self._owner is not None and status.st_uid != self._owner

    def _skip(self, path: PurePosixPath, why: str) -> None:
        if len(self._skipped) >= MOST_SKIPPED:
            self._more += 1
            return
        shown = str(path).encode("unicode_escape", "backslashreplace").decode("ascii")[:200] or "."
        self._skipped.append(f"{shown}: {why}")


def _cleaned(name: str) -> str:
    """The name of a notebook without its marks and control characters; any other name as it is."""
    clean = "".join(
        sign if sign.isprintable() else " " if unicodedata.category(sign) == "Zs" else ""
        for sign in name.encode("utf-8", "ignore").decode()
    ).strip()
    return clean if NOTEBOOK in clean.casefold() else name


_KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
