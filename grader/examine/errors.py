"""The failures of examining. What a submission does is never one of them: it is an outcome."""

from __future__ import annotations

from course.errors import CourseError


class ExamineError(CourseError):
    """A failure while a submission is examined."""


class NotIsolated(ExamineError):
    """Untrusted work was to be graded where it cannot be kept apart."""


class BadData(ExamineError):
    """Data that should be a job or an examination is not."""
