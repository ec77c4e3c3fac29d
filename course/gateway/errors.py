"""What can go wrong between the course and its gateway."""

from __future__ import annotations

from course.errors import CourseError


class GatewayError(CourseError):
    """The gateway does not run, does not start, or did not do what it was asked."""


class NoSession(GatewayError):
    """There is no open session of that name or id."""


class NameTaken(GatewayError):
    """Another open session has that name."""


class GatewayLost(GatewayError):
    """The gateway ended while it was asked; the next one can be asked again."""


KINDS = {kind.__name__: kind for kind in (GatewayError, NoSession, NameTaken)}
