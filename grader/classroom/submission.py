"""A submission in the workspace, and the job that an examiner gets of it: bytes, so that no disk need be shared."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grader.classroom.errors import NotReleased
from grader.examine.job import Budgets, Job, read_folder

if TYPE_CHECKING:
    from grader.classroom.workspace import Workspace

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
        """The job of one submission, with the learner's folder as it stands now."""
        submitted, skipped = read_folder(submission.folder)
        return Job(
            student=submission.student,
            lesson=self.lesson,
            notebook=self.notebook,
            source=self.files,
            submitted=submitted,
            skipped=skipped,
            budgets=self._budgets,
        )
