"""The failures of an instructor's workspace and of the steps that nbgrader takes in it."""

from __future__ import annotations

import errno
import sqlite3
from typing import Self

from course.errors import CourseError


class ClassroomError(CourseError):
    """A failure while a class is graded."""


class NotAWorkspace(ClassroomError):
    """The folder is no instructor's workspace, or is one already."""


class BadRoster(ClassroomError):
    """The roster cannot be read."""


class UnknownLesson(ClassroomError):
    """No such lesson in the workspace, or it has not been released."""


class UnknownLearner(ClassroomError):
    """No learner has that id."""


class NothingSubmitted(ClassroomError):
    """There is no submission of the lesson."""


class StepFailed(ClassroomError):
    """A step of nbgrader failed; the last lines of its log are in the message."""


class NotReleased(ClassroomError):
    """The lesson's source and what the gradebook knows of it differ, or it was never released."""


class Busy(ClassroomError):
    """Another process writes this workspace's gradebook."""


class Unreachable(ClassroomError):
    """A scheduler or its workers cannot be reached, or were lost for good."""


class NothingKept(ClassroomError):
    """There is no examination of what was asked for."""


class NoNotebook(ClassroomError):
    """What was handed in has no notebook that can be the lesson's, or several that differ."""


class BadMoment(ClassroomError):
    """A date that cannot be read, or that is not one moment."""


class BadDownload(ClassroomError):
    """A learning platform's download can't be read."""


class FullDisk(ClassroomError):
    """The instructor's disk has no room, or may not be written to."""

    @classmethod
    def of(cls, error: object) -> Self:
        """In words."""
        return cls(
            "room on the disk of this workspace",
            str(error).strip().splitlines()[-1][:300],
            "make room, then give the same command again: it goes on where it was",
        )


def is_full(error: BaseException | None) -> bool:
    """Whether an error, or what it came from, is that of a disk without room."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            return True
        if isinstance(error, sqlite3.OperationalError) and str(error) in FULL:
            return True
        error = error.__cause__ or error.__context__
    return False


FULL = ("database or disk is full", "disk I/O error", "attempt to write a readonly database")
"""What SQLite says then."""
