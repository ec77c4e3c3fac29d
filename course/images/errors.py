"""The failures of getting, keeping and testing base images."""

from __future__ import annotations

from course.errors import CourseError


class BaseImageError(CourseError):
    """A failure around a base image."""


class SourceFailed(BaseImageError):
    """One source could not give an image; the next one is tried."""


class SourceUnreachable(SourceFailed):
    """A source cannot be used on this machine now; it is not asked for further images."""


class RateLimited(SourceUnreachable):
    """The registry refuses more downloads for a while."""


class NoSource(BaseImageError):
    """No source gave the image."""


class BadArchive(SourceFailed):
    """An archive is not what `course images save` writes."""


class BadSettings(BaseImageError):
    """The settings for base images cannot be read."""


class ContractBroken(SourceFailed):
    """An image is not what lessons rely on."""
