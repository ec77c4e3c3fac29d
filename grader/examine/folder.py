"""Reading a folder that somebody else filled: regular files only, never through a link, with caps on all."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

MOST_FILES = 2000
MOST_BYTES = 64 * 1024 * 1024
MOST_FILE_BYTES = 16 * 1024 * 1024
MOST_DEPTH = 20
MOST_SKIPPED = 100


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


def is_relative(path: str) -> bool:
    """Whether this is a plain POSIX path below a folder: no root, no `..`, no NUL, writable as UTF-8."""
    parts = path.split("/")
    return "\0" not in path and path.isprintable() and all(part not in ("", ".", "..") for part in parts)


class _Reading:
    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self._bytes = 0
        self._skipped: list[str] = []
        self._more = 0

    @property
    def skipped(self) -> tuple[str, ...]:
        more = (f"and {self._more} more",) if self._more else ()
        return (*self._skipped, *more)

    def below(self, folder: int, path: PurePosixPath, depth: int) -> None:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for _, entry in zip(range(MOST_FILES + 1), entries, strict=False))
        if len(names) > MOST_FILES:
            self._skip(path, f"more than {MOST_FILES} names in one folder")
            names = names[:MOST_FILES]
        for name in names:
            self._one(folder, name, path / name, depth)

    def _one(self, folder: int, name: str, path: PurePosixPath, depth: int) -> None:
        try:
            kind = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
            if not is_relative(str(path)):
                self._skip(path, "a name that is no printable text")
            elif stat.S_ISDIR(kind):
                self._folder(folder, name, path, depth)
            elif stat.S_ISREG(kind):
                self._file(folder, name, path)
            else:
                self._skip(path, _KINDS.get(stat.S_IFMT(kind), "no regular file"))
        except OSError as error:
            self._skip(path, error.strerror or type(error).__name__)

    def _folder(self, folder: int, name: str, path: PurePosixPath, depth: int) -> None:
        if depth >= MOST_DEPTH:
            self._skip(path, f"more than {MOST_DEPTH} folders deep")
            return
        descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
        try:
            self.below(descriptor, path, depth + 1)
        finally:
            os.close(descriptor)

    def _file(self, folder: int, name: str, path: PurePosixPath) -> None:
        if len(self.files) >= MOST_FILES:
            self._skip(path, f"more than {MOST_FILES} files")
            return
        # the name may have become a pipe since it was looked at: O_NONBLOCK never waits for a writer
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY, dir_fd=folder)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                self._skip(path, "no regular file")
                return
            left = min(MOST_FILE_BYTES, MOST_BYTES - self._bytes)
            content = file.read(left + 1)
        if len(content) > left:
            self._skip(path, f"larger than the {left} bytes that are left for it")
            return
        self.files[str(path)] = content
        self._bytes += len(content)

    def _skip(self, path: PurePosixPath, why: str) -> None:
        if len(self._skipped) >= MOST_SKIPPED:
            self._more += 1
            return
        shown = str(path).encode("unicode_escape", "backslashreplace").decode("ascii")[:200] or "."
        self._skipped.append(f"{shown}: {why}")


_KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
