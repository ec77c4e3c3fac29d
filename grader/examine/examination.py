"""What an examiner gives back: a mark for each graded cell, the executed notebook, and the evidence for it all."""

from __future__ import annotations

from enum import StrEnum

from grader.checks.result import Result
from grader.examine.data import Data

MAX_BYTES = 64 * 1024 * 1024


class Outcome(StrEnum):
    """What became of one graded cell. Only `COULD_NOT_CHECK` is not the learner's doing, and it costs nothing."""

    PASSED = "passed"
    FAILED = "failed"
    PARTLY = "partly"
    NOT_ATTEMPTED = "not_attempted"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    BUILD_FAILED = "build_failed"
    REFUSED = "refused"
    KERNEL_DIED = "kernel_died"
    COULD_NOT_CHECK = "could_not_check"

    @property
    def symbol(self) -> str:
        """A sign for lines and tables; it always has words beside it."""
        return _SYMBOLS.get(self, "✗")

    @property
    def words(self) -> str:
        """The outcome as a reader sees it."""
        return _WORDS.get(self, self.value.replace("_", " "))


_SYMBOLS = {Outcome.PASSED: "✓", Outcome.PARTLY: "◐", Outcome.NOT_ATTEMPTED: "○", Outcome.COULD_NOT_CHECK: "!"}
_WORDS = {
    Outcome.PARTLY: "partly right",
    Outcome.REFUSED: "refused by policy",
    Outcome.KERNEL_DIED: "submission kernel died",
    Outcome.COULD_NOT_CHECK: "could not be checked",
}


class Mark(Data, frozen=True, kw_only=True):
    """What one graded cell gave.

    Args:
        cell: its name in nbgrader (`grade_id`).
        exercise: the exercise of the lesson that it belongs to; "" for a cell that calls no `grade`.
        outcome: what became of it.
        earned: its points, None when it could not be checked.
        points: the points that it is worth.
        results: one for each check, in order.
        said: what the learner reads: the decisive message, or why there is no result.
    """

    cell: str
    exercise: str
    outcome: Outcome
    earned: float | None
    points: float
    results: tuple[Result, ...] = ()
    said: str = ""

    def __post_init__(self) -> None:
        if (self.earned is None) is not (self.outcome is Outcome.COULD_NOT_CHECK):
            raise ValueError("points are unknown exactly when a cell could not be checked")
        if self.earned is not None and not 0 <= self.earned <= self.points:
            raise ValueError(f"{self.earned} points of {self.points}")

    @classmethod
    def _most_bytes(cls) -> int:
        return MAX_BYTES


class ImageFact(Data, frozen=True, kw_only=True):
    """An image at the end of a submission.

    Args:
        id: the engine's id of its configuration, "sha256:…".
        tags: the learner's names for it.
        layers: the digests of its layers, lowest first (`RootFS.Layers`).
        base: the name of the base image whose layers it starts with; "" if none.
    """

    id: str
    tags: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    base: str = ""

    @classmethod
    def _most_bytes(cls) -> int:
        return MAX_BYTES


class Evidence(Data, frozen=True, kw_only=True):
    """Why the marks are what they are, for somebody who asks a year later.

    Args:
        journal: the calls that were made in the session, one JSON object a line, oldest first.
        images: what stood in the session at the end.
        engine: the version of the engine, and of its API.
        course: the version of the course.
        base_images: the ids of the base images, by name.
        started: seconds since the epoch.
        seconds: how long it took, all attempts together.
        attempts: how often it was examined; more than 1 after faults that were not the learner's.
        versions: what else took part, by name: Python, nbgrader, docker-py, bubblewrap.
        source_digest: SHA-256 of the instructor's notebook.
        submitted_digest: SHA-256 of the learner's notebook; "" when there was none.
    """

    journal: tuple[str, ...] = ()
    images: tuple[ImageFact, ...] = ()
    engine: str = ""
    course: str = ""
    base_images: dict[str, str] = {}  # noqa: RUF012  # msgspec copies an empty default
    started: float = 0.0
    seconds: float = 0.0
    attempts: int = 1
    versions: dict[str, str] = {}  # noqa: RUF012  # the same
    source_digest: str = ""
    submitted_digest: str = ""

    @classmethod
    def _most_bytes(cls) -> int:
        return MAX_BYTES


class Examination(Data, frozen=True, kw_only=True):
    """One submission, examined.

    Args:
        student: nbgrader's id of the learner.
        lesson: the name of the lesson's folder.
        marks: one for each graded cell of the instructor's source, in its order.
        notes: what was odd about the submission, one sentence each; for the instructor and the learner.
        notebook: the executed notebook as JSON: the learner's cells with what they printed, each graded cell as in the
            instructor's source with the examiner's outputs, so that nbgrader's `SaveAutoGrades` gives the same points.
        evidence: what the marks rest on.
    """

    student: str
    lesson: str
    marks: tuple[Mark, ...]
    notes: tuple[str, ...] = ()
    notebook: str = ""
    evidence: Evidence = Evidence()

    @property
    def points(self) -> float:
        """The points of all marks; a cell that could not be checked adds none."""
        return sum(mark.earned or 0.0 for mark in self.marks)

    @property
    def out_of(self) -> float:
        """The points that could be had."""
        return sum(mark.points for mark in self.marks)

    @property
    def is_complete(self) -> bool:
        """Whether every cell could be checked; if not, grade again or look by hand."""
        return all(mark.earned is not None for mark in self.marks)

    @classmethod
    def _most_bytes(cls) -> int:
        return MAX_BYTES
