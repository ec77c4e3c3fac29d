"""A submission in the workspace, and the job that an examiner gets of it: bytes, so that no disk need be shared."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from grader.classroom.collecting.notebook import Taken, take
from grader.classroom.collecting.record import Record
from grader.classroom.errors import NotReleased
from grader.classroom.stamps import TIMESTAMP, read_stamp
from grader.examine.folder import MOST_FILE_BYTES, read_entry, read_file
from grader.examine.job import Budgets, Job, read_folder

if TYPE_CHECKING:
    from grader.classroom.workspace import Workspace

MOST_STAMP = 200  # bytes of a time stamp
SHORT = 16  # hexadecimal digits of a digest that name a file: 64 bits, one learner's submissions of one lesson


@dataclass(frozen=True)
class Submission:
    """One learner's submission of one lesson, and the folder that it lies in."""

    student: str
    lesson: str
    folder: Path


def digest(files: Mapping[str, bytes]) -> str:
    """The SHA-256 of a folder's files, names and contents, in hexadecimal; the same wherever the folder lies."""
    whole = hashlib.sha256()
    for name, content in sorted(files.items()):
        whole.update(f"{len(name.encode())} {len(content)} ".encode() + name.encode() + content)
    return whole.hexdigest()


class Source:
    """What the instructor's side of a job is: the files of source/LESSON, read once for all submissions.

    Args:
        workspace: the instructor's.
        lesson: its full name.
        budgets: what one submission may use.

    Raises:
        NotReleased: the lesson has no notebook of its own name.
    """

    def __init__(self, workspace: Workspace, lesson: str, budgets: Budgets | None = None) -> None:
        self.lesson, self.notebook = lesson, f"{lesson}.ipynb"
        self._released = released_notebook(workspace, lesson)
        self._record = Record(workspace, lesson)
        self._budgets = budgets or Budgets()
        folder = workspace.root / "source" / lesson
        self.files, _ = read_folder(folder)
        if self.notebook not in self.files:
            raise NotReleased(
                f"a lesson with the notebook {self.notebook}",
                f"{folder} has {', '.join(sorted(self.files)) or 'no files'}",
                "give the notebook the name of its folder, then `grader release`",
            )
        self.digest = digest(self.files)

    def job(self, submission: Submission) -> Job:
        """The job of one submission, with the current content of the learner's folder.

        Raises:
            NotAFolder: there is no folder that can be read.
            NoNotebook: it has no notebook that can be meant, or two that differ.
        """
        taken, skipped = self.read(submission)
        at = _stamp_of(submission.folder.parents[1], submission.student, self.lesson)
        kept = self._record.of(submission.student, at)
        return Job(
            student=submission.student,
            lesson=self.lesson,
            notebook=self.notebook,
            source=self.files,
            submitted=taken.files,
            skipped=(*(kept.skipped if kept else ()), *skipped),
            notes=taken.notes,
            budgets=self._budgets,
        )

    def read(self, submission: Submission) -> tuple[Taken, tuple[str, ...]]:
        """What was handed in, and what was left out of it; raises as `job` does."""
        folder = read_entry(submission.folder.parents[1], submission.student, self.lesson)
        return take(folder.files, self.lesson, self._released, folder.skipped), folder.skipped


def released_notebook(workspace: Workspace, lesson: str) -> bytes:
    """The notebook that learners got; empty before the lesson was released."""
    return read_file(workspace.root / "release", lesson, f"{lesson}.ipynb", most=MOST_FILE_BYTES) or b""


def submitted_at(workspace: Workspace, lesson: str, student: str) -> datetime | None:
    """When what is in submitted/ was handed in, in UTC without a zone; None where no whole time stamp says so."""
    return read_stamp(_stamp_of(workspace.root / "submitted", student, lesson))


def _stamp_of(submitted: Path, student: str, lesson: str) -> str:
    content = read_file(submitted, student, lesson, TIMESTAMP, most=MOST_STAMP)
    return (content or b"").decode("utf-8", "replace")
