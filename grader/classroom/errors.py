"""The failures of an instructor's workspace and of the steps that nbgrader takes in it."""

from __future__ import annotations

from course.errors import CourseError


class ClassroomError(CourseError):
    """A failure while a class is graded."""


class NotAWorkspace(ClassroomError):
    """The folder is no instructor's workspace, or is one already."""


class BadRoster(ClassroomError):
    """The roster cannot be read."""


class UnknownLesson(ClassroomError):
    """No such lesson in the workspace, or it has not been released."""


class NothingSubmitted(ClassroomError):
    """There is no submission of the lesson."""


class StepFailed(ClassroomError):
    """A step of nbgrader failed; the last lines of its log are in the message."""
