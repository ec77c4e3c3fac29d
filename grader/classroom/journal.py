"""The journal of runs: one JSON object a line, only ever added to, on the disk before anything else happens.

What is complete is known from here and from the gradebook, never from the existence of a folder.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

FILE = "journal.jsonl"


class Record(msgspec.Struct, frozen=True, kw_only=True, tag_field="what", tag=str.lower):
    """What every record says.

    Args:
        run: the id of the run that wrote it.
        at: seconds since the epoch.
    """

    run: str
    at: float = msgspec.field(default_factory=time.time)


class Began(Record, frozen=True, kw_only=True):
    """A run began, with so many submissions to examine."""

    lesson: str
    wanted: int


class About(Record, frozen=True, kw_only=True):
    """An entry about one submission.

    Args:
        submitted: the digest of the learner's folder.
        source: the digest of the instructor's folder.
    """

    lesson: str
    student: str
    submitted: str
    source: str


class Examined(About, frozen=True, kw_only=True):
    """The examination is on the disk; the gradebook has not got it yet."""

    file: str
    is_complete: bool


class Written(About, frozen=True, kw_only=True):
    """The gradebook has the marks of that examination.

    Args:
        earned: the points of each graded cell, by its name; None for one that could not be checked.
        out_of: the points that could be had.
    """

    earned: dict[str, float | None]
    out_of: float

    @property
    def is_complete(self) -> bool:
        """Whether every cell could be checked; if not, the next run examines it again."""
        return None not in self.earned.values()


class Failed(About, frozen=True, kw_only=True):
    """There is no examination, and this is why."""

    why: str


class Ended(Record, frozen=True, kw_only=True):
    """A run came to its end: `finished`, or `stopped` by Ctrl-C."""

    lesson: str
    how: str


AnyRecord = Began | Examined | Written | Failed | Ended
_DECODER = msgspec.json.Decoder(AnyRecord)


class Journal:
    """The journal of a workspace. Whoever adds to it holds the workspace's lock.

    Args:
        folder: where the file is; made if absent.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, record: AnyRecord) -> None:
        """Write one record; when this returns it is on the disk."""
        line = msgspec.json.encode(record) + b"\n"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            if self._is_torn():
                line = b"\n" + line  # a run was killed within a write: its half line stays, and says nothing
            os.write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def records(self) -> Iterator[AnyRecord]:
        """The records, oldest first. A line that cannot be read counts as not written: work is done again."""
        if not self.path.exists():
            return
        with self.path.open("rb") as lines:
            for line in lines:
                try:
                    yield _DECODER.decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    continue

    def last(self, lesson: str) -> dict[str, Examined | Written | Failed]:
        """By learner, the last entry about their submission of a lesson."""
        return {
            record.student: record for record in self.records() if isinstance(record, About) and record.lesson == lesson
        }

    def _is_torn(self) -> bool:
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            if not size:
                return False
            file.seek(size - 1)
            return file.read(1) != b"\n"
