"""What a workspace keeps of its grading, below `.grader`: the journal, the examinations, and who may write."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from filelock import FileLock, Timeout

from grader.classroom.archive import Archive
from grader.classroom.collecting.placing import remove
from grader.classroom.errors import Busy
from grader.classroom.journal import Began, Ended, Examined, Failed, Journal, Written
from grader.classroom.workspace import Workspace
from grader.examine import scratch
from grader.examine.examination import Examination
from grader.examine.sandbox.fence import Fences

FOLDER = ".grader"
ABANDONED_SECONDS = 3600.0  # `nbgrader collect` and `nbgrader autograde`, which take no lock, need seconds
WAIT_SECONDS = 5.0  # for a formgrader's button that is about to be done


class Keeping:
    """The records of one run.

    Args:
        workspace: whose they are.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.folder = workspace.root / FOLDER
        self.run = secrets.token_hex(6)
        self.journal = Journal(self.folder)
        self.archive = Archive(self.folder / "examinations")
        self._lock = FileLock(self.folder / "lock")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only process that writes this workspace's gradebook; the kernel lifts the lock of one that is killed.

        Raises:
            Busy: another process does.
        """
        try:
            self._lock.acquire(timeout=WAIT_SECONDS)
        except Timeout as error:
            raise Busy(
                "no other process that grades in this workspace",
                f"{self._lock.lock_file} is held",
                "wait until the other `grader grade` is done, or end it; the next run goes on where it was",
            ) from error
        try:
            self._sweep()
            yield
        finally:
            self._lock.release()

    def _sweep(self) -> None:
        """Remove what killed runs left, here and in the machine's temporary folder."""
        scratch.sweep()
        Fences()  # ends the submissions' processes that a killed run had frozen
        for left in (*self.folder.glob("staged-*"), *self.folder.glob("incoming/*")):
            with suppress(OSError):
                if time.time() - left.lstat().st_mtime > ABANDONED_SECONDS:
                    remove(left)

    def began(self, lesson: str, wanted: int) -> None:
        """A run begins."""
        self.journal.add(Began(run=self.run, lesson=lesson, wanted=wanted))

    def ended(self, lesson: str, how: str) -> None:
        """A run is over: `finished` or `stopped`."""
        self.journal.add(Ended(run=self.run, lesson=lesson, how=how))

    def examined(self, examination: Examination, submitted: str, source: str) -> None:
        """Keep an examination; when this returns, no kill loses it."""
        name = self.archive.keep(examination, submitted, source)
        about = self._about(examination.lesson, examination.student, submitted, source)
        self.journal.add(Examined(**about, file=name, is_complete=examination.is_complete))

    def written(self, examination: Examination, submitted: str, source: str) -> None:
        """The gradebook has the marks."""
        about = self._about(examination.lesson, examination.student, submitted, source)
        earned = {mark.cell: mark.earned for mark in examination.marks}
        self.journal.add(Written(**about, earned=earned, out_of=examination.out_of))

    def failed(self, lesson: str, student: str, submitted: str, source: str, why: str) -> None:
        """There is no examination of this submission."""
        self.journal.add(Failed(**self._about(lesson, student, submitted, source), why=why))

    def latest(self, lesson: str, student: str) -> Examination | None:
        """The newest examination of a learner's submission, None without one."""
        found: Examined | None = None
        for record in self.journal.records():
            if isinstance(record, Examined) and (record.lesson, record.student) == (lesson, student):
                found = record
        return self.archive.read(found.file) if found else None

    def notes(self, lesson: str) -> dict[str, tuple[str, ...]]:
        """What was odd about each learner's newest examined submission, by learner."""
        files = {
            one.student: one.file
            for one in self.journal.records()
            if isinstance(one, Examined) and one.lesson == lesson
        }
        return {student: self.archive.notes(file) for student, file in files.items()}

    def _about(self, lesson: str, student: str, submitted: str, source: str) -> dict[str, Any]:
        return {"run": self.run, "lesson": lesson, "student": student, "submitted": submitted, "source": source}
