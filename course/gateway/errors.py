"""What can go wrong between the course and its gateway."""

from __future__ import annotations

import errno
import logging
import secrets
import sqlite3

from course.errors import CourseError

log = logging.getLogger("course.gateway")
FULL, TOO_MANY = (errno.ENOSPC, errno.EDQUOT), (errno.EMFILE, errno.ENFILE)


class GatewayError(CourseError):
    """The gateway does not run, does not start, or did not do what it was asked."""


class NoSession(GatewayError):
    """There is no open session of that name or id."""


class NameTaken(GatewayError):
    """Another open session has that name."""


class GatewayLost(GatewayError):
    """The gateway ended while it was asked; the next one can be asked again."""


class EngineUnavailable(GatewayError):
    """The engine cannot be reached, or broke off.

    Args:
        reason: how, without addresses.
    """

    def __init__(self, reason: str) -> None:
        super().__init__("an engine that answers", reason, "`course engine up`, then repeat")


def translated(error: Exception) -> GatewayError:
    """Any failure as one of the gateway's own; what nobody foresaw is in the log, under a word that the error names."""
    match error:
        case GatewayError():
            return error
        case OSError(errno=number) if number in FULL:
            return GatewayError("room on the disk of the gateway's files", _said(error), "free some space, then repeat")
        case OSError(errno=number) if number in TOO_MANY:
            todo = "close clients and streams, or raise the limit (`ulimit -n`) and `course gateway stop`"
            return GatewayError("a descriptor that is free", _said(error), todo)
        case sqlite3.Error():
            todo = "look whether its disk is full or may not be written, then repeat"
            return GatewayError("a ledger of sessions that can be written", str(error), todo)
    token = secrets.token_hex(4)
    log.error("failed, %s", token, exc_info=error)
    observed = f"{type(error).__name__}; the gateway's log tells more, under {token}"
    todo = "repeat; if it fails again, `course gateway stop` (sessions stay), and report those lines of the log"
    return GatewayError("a gateway that can do this", observed, todo)


def in_one_line(error: CourseError) -> str:
    """The three parts as the one message that an Engine API error has."""
    return f"Expected {error.expected}, observed: {error.observed}. Try: {error.try_next}"


def _said(error: OSError) -> str:
    return error.strerror or str(error)


KINDS = {kind.__name__: kind for kind in (GatewayError, NoSession, NameTaken)}
