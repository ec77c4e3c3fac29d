"""Examinations on the disk: one file each, whole or absent, kept as the evidence of a mark."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from grader.classroom.submission import SHORT
from grader.examine.examination import Examination


class _Notes(msgspec.Struct):
    notes: tuple[str, ...] = ()


class Archive:
    """The examinations of a workspace, as `LESSON/LEARNER/DIGEST-DIGEST.json`.

    Args:
        folder: where they are kept; made on first use.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def name(self, examination: Examination, submitted: str, source: str) -> str:
        """The file of an examination, from the archive's folder: it says of what, by which tests."""
        return f"{examination.lesson}/{examination.student}/{submitted[:SHORT]}-{source[:SHORT]}.json"

    def keep(self, examination: Examination, submitted: str, source: str) -> str:
        """Write an examination; when this returns it is on the disk, whole. Returns its name."""
        name = self.name(examination, submitted, source)
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            file.write(examination.to_json())
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
        return name

    def notes(self, name: str) -> tuple[str, ...]:
        """The notes of one that was kept; none where it is not there."""
        try:
            return msgspec.json.decode((self.folder / name).read_bytes(), type=_Notes).notes
        except (FileNotFoundError, msgspec.DecodeError):
            return ()

    def read(self, name: str) -> Examination | None:
        """Read one back; None when it is not there.

        Raises:
            BadData: the file is none that `keep` wrote.
        """
        try:
            return Examination.from_json((self.folder / name).read_bytes())
        except FileNotFoundError:
            return None
