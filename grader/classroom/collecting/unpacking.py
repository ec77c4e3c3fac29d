"""Reading learners' zip archives in memory: bounded in files, bytes, depth and time; nothing is written anywhere."""

from __future__ import annotations

import io
import stat
import struct
import time
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import PurePosixPath

from grader.classroom.shown import shown
from grader.examine.folder import (
    MOST_BYTES,
    MOST_FILE_BYTES,
    MOST_FILES,
    MOST_LARGE,
    MOST_SECONDS,
    UNNEEDED,
    is_notebook,
    is_relative,
    larger_than,
    without_outputs,
)
from grader.examine.reading import MOST_RAW

MOST_NESTED = 2  # zips in a zip: a platform's, a learner's, and one that they were handed
MOST_SKIPPED = 100
BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, IndexError, RuntimeError)
"""What zipfile raises for archives with a wrong byte; a `NotImplementedError` is a `RuntimeError`."""
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others may ask for gigabytes of memory to unpack a little


class Unpacking:
    """The files of one learner, as they come out of archives. Collects contents by path, and what was left out."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.skipped: list[str] = []
        self._bytes = self._large = 0
        self._end = time.monotonic() + MOST_SECONDS

    def add(self, path: str, content: bytes, depth: int = 0) -> None:
        """Take one file; a zip is unpacked beside where it lies.

        Args:
            path: POSIX, from the learner's folder.
            content: all of it.
            depth: in how many zips it lay.
        """
        clean = "".join(sign for sign in path if sign.isprintable())
        if any(part in UNNEEDED or part.startswith("._") for part in clean.split("/")):
            return
        if not is_relative(clean):
            self.skip(path, "no path below the learner's folder")
        elif clean.casefold().endswith(".zip") and depth < MOST_NESTED:
            self.unpack(content, depth + 1, clean)
        elif len(self.files) >= MOST_FILES:
            self.skip(path, f"more than {MOST_FILES} files")
        elif len(content) > self._left():
            self._add_less(path, clean, content)
        elif self.files.get(clean, content) != content:
            self.skip(path, "a second file of this name")
        else:
            self.files[clean] = content
            self._bytes += len(content)

    def _add_less(self, path: str, clean: str, content: bytes) -> None:
        """Take a notebook that is too large with its outputs, without them."""
        less, why = None, larger_than(self._left())
        if is_notebook(clean) and self._large < MOST_LARGE:
            self._large += 1
            less, why = without_outputs(content)
        is_room = less is None or len(less) <= self._left()
        self.skip(path, why if is_room else larger_than(self._left()))
        if less is not None and is_room:
            self.add(clean, less)

    def unpack(self, content: bytes, depth: int, called: str = "a zip") -> None:
        """Take the files of a zip that a learner made; they lie beside it."""
        below = str(PurePosixPath(called).parent)
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for name, info in members(archive.infolist()):
                    if len(self.skipped) > MOST_SKIPPED or time.monotonic() > self._end:
                        self.skip(called, "more than is read of one hand-in")
                        return
                    self.member(archive, info, name if below == "." else f"{below}/{name}", depth)
        except BROKEN as error:
            self.skip(called, f"a zip that cannot be read: {shown(str(error))}")

    def member(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: str, depth: int = 0) -> None:
        """Take one member of an archive."""
        if path.endswith("/"):
            return
        if stat.S_ISLNK(info.external_attr >> 16):
            self.skip(path, "a link")
        elif info.flag_bits & 0x1:
            self.skip(path, "locked with a password")
        elif info.compress_type not in _PLAIN:
            self.skip(path, "packed in another way than zip programs do")
        else:
            most = MOST_RAW if is_notebook(path) and self._large < MOST_LARGE else MOST_FILE_BYTES
            try:
                with archive.open(info) as file:
                    content = file.read(most + 1)
            except BROKEN as error:
                self.skip(path, f"cannot be unpacked: {shown(str(error))}")
                return
            if len(content) > most and most < MOST_RAW:
                self.skip(path, f"larger than {MOST_FILE_BYTES} bytes")
            else:
                self.add(path, content, depth)

    def skip(self, path: str, why: str) -> None:
        """Leave something out, in words."""
        if len(self.skipped) <= MOST_SKIPPED:
            self.skipped.append(f"{shown(path)[:200]}: {why}")

    def _left(self) -> int:
        return min(MOST_FILE_BYTES, MOST_BYTES - self._bytes)


def members(infos: Iterable[zipfile.ZipInfo]) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    """Each member with its path as its maker wrote it: UTF-8 without the flag, and Windows' backslashes, are read."""
    for info in infos:
        yield _name(info), info


def _name(info: zipfile.ZipInfo) -> str:
    # `orig_filename`: zipfile cuts `filename` at a NUL
    name = info.orig_filename
    if not info.flag_bits & 0x800:  # then zipfile has read it as code page 437 (APPNOTE, appendix D)
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")
