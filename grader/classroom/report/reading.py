"""What the page about a lesson is made of: the newest examinations, and the points that count."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import msgspec

from grader.classroom.gradebook import Score, scores
from grader.classroom.journal import Examined
from grader.classroom.keeping import Keeping
from grader.classroom.steps import Steps
from grader.classroom.submission import Submission
from grader.classroom.workspace import Workspace
from grader.examine.examination import ImageFact, Mark
from grader.examine.folder import NotAFolder, read_entry

MOST_NOTEBOOKS = 10  # of one learner that are looked through


class Brief(msgspec.Struct, frozen=True):
    """The part of an examination that a page needs; decoding only it keeps a class of hundreds small in memory."""

    student: str
    marks: tuple[Mark, ...]
    notes: tuple[str, ...] = ()
    evidence: BriefEvidence | None = None


class BriefEvidence(msgspec.Struct, frozen=True):
    """What is used of the evidence."""

    images: tuple[ImageFact, ...] = ()
    seconds: float = 0.0
    attempts: int = 1


@dataclass(frozen=True)
class Learner:
    """One submission.

    Args:
        student: the learner's id.
        examined: the newest examination; None while there is none.
        scores: what the gradebook has, by cell.
        dockerfiles: the Dockerfiles that were handed in, by name.
    """

    student: str
    examined: Brief | None
    scores: dict[str, Score]
    dockerfiles: dict[str, str]

    @property
    def points(self) -> float:
        """What counts: a manual score wins."""
        return sum(score.points for score in self.scores.values())


@dataclass(frozen=True)
class Class:
    """All submissions of a lesson.

    Args:
        lesson: its full name.
        learners: by id.
        absent: who is in the gradebook and has no submission, by id.
        out_of: the points of the lesson.
    """

    lesson: str
    learners: tuple[Learner, ...]
    absent: tuple[str, ...]
    out_of: float


def read_class(workspace: Workspace, steps: Steps, lesson: str) -> Class:
    """Read what is known of a lesson."""
    keeping = Keeping(workspace)
    files = {
        one.student: one.file for one in keeping.journal.records() if isinstance(one, Examined) and one.lesson == lesson
    }
    book = scores(steps.api, lesson)
    learners = tuple(
        Learner(one.student, _brief(keeping, files.get(one.student)), book.get(one.student, {}), _dockerfiles(one))
        for one in steps.submissions(lesson)
    )
    handed_in = {one.student for one in learners}
    absent = tuple(student for student in steps.students() if student not in handed_in)
    return Class(lesson, learners, absent, steps.points(lesson))


def _brief(keeping: Keeping, name: str | None) -> Brief | None:
    if name is None:
        return None
    try:
        return msgspec.json.decode((keeping.archive.folder / name).read_bytes(), type=Brief)
    except FileNotFoundError:
        return None


def _dockerfiles(submission: Submission) -> dict[str, str]:
    """What a learner wrote as Dockerfiles: files of that name, and what notebook cells write into one."""
    from grader.classroom.report.dockerfiles import MOST_NAMES, MOST_SOURCE, in_notebook

    try:
        files = read_entry(submission.folder.parents[1], submission.student, submission.lesson).files
    except NotAFolder:
        return {}
    named = [name for name in files if "dockerfile" in name.rpartition("/")[2].lower()][:MOST_NAMES]
    found = {name: files[name][:MOST_SOURCE].decode(errors="replace") for name in named}
    notebooks = (content for name, content in files.items() if name.endswith(".ipynb"))
    for content in islice(notebooks, MOST_NOTEBOOKS):
        found |= in_notebook(content)
    return found
