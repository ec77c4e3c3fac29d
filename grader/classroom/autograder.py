"""Grading one submission: the seam, and what is behind it now, nbgrader's own autograding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from course.errors import CourseError
from grader.classroom.gradebook import Score, scores
from grader.classroom.isolation import own_session
from grader.classroom.steps import Steps, Submission


@dataclass(frozen=True)
class Graded:
    """What became of one submission.

    Args:
        submission: which.
        scores: the points of each graded cell; empty after a failure.
        failure: why there are no points; "" if there are.
    """

    submission: Submission
    scores: tuple[Score, ...] = ()
    failure: str = ""

    @property
    def points(self) -> float:
        """The points of all graded cells."""
        return sum(score.points for score in self.scores)

    @property
    def out_of(self) -> float:
        """The points that could be had."""
        return sum(score.out_of for score in self.scores)


class Autograder(Protocol):
    """Gives one submission its points, and writes them into the gradebook."""

    def grade(self, submission: Submission) -> Graded:
        """Grade one submission; a submission that cannot be graded is an outcome, not an exception."""


class StockAutograder:
    """nbgrader's way: the learner's cells and the checks in one kernel, on a session of the submission's own.

    The kernel runs the learner's code with the rights of whoever grades: for a class that is trusted. `isolation` keeps
    the engine clean, and nothing else.
    """

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def grade(self, submission: Submission) -> Graded:
        """Run the submission's notebook once and read its points back from the gradebook."""
        try:
            with own_session():
                self._steps.autograde(submission)
        except CourseError as error:
            return Graded(submission, failure=str(error))
        return Graded(submission, tuple(scores(self._steps.api, submission.lesson, submission.student)))
