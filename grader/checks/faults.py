"""Whose fault an error is. The engine's faults never cost points; this module is where they are told apart."""

from __future__ import annotations

import errno
import os
import re
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from grader.checks.bench import in_examiner
from grader.checks.messages import Message, message, plain

if TYPE_CHECKING:
    from docker import DockerClient

OF_LEARNERS = frozenset({"session.refused", "session.gone", "session.unusable", "session.unreadable"})
"""Errors that what the learner made or did brought about: a check that meets one has failed, once."""
_OF_OBJECT = re.compile(
    r"file name too long|too many levels of symbolic links|not a directory|is a directory|invalid argument"
    r"|argument list too long|invalid (tar|character|reference)|unexpected EOF|exec format error",
    re.IGNORECASE,
)
_STATE = re.compile(r"is restarting")
_OF_FILES = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EACCES, errno.EINVAL)
_HERE = Path(__file__).parent
PROBE = 10  # seconds that an engine has to answer a ping before it counts as hung


def fault_of(error: Exception, folder: Path | None = None) -> Message:
    """Translate an error that a check did not expect into a message.

    Args:
        error: what was raised.
        folder: the learner's.

    Returns:
        One of `OF_LEARNERS` for what the learner's rules, objects, files or data brought about; `engine.*`,
        `grader.*` and, in a lesson, `session.vanished` for everything else.

    Raises:
        the error itself, when it comes from a question that is not of this package: then a check has a bug.
    """
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    from course.errors import CourseError

    if isinstance(error, APIError):
        return _said_by_engine(error.status_code or 0, plain(error.explanation or error))
    if isinstance(error, CourseError):  # of the engine, or of the gateway that should give a second machine
        return message("engine.unreachable", reason=f"{error.observed} (expected: {error.expected})")
    if isinstance(error, (RequestException, HTTPError, DockerException, TimeoutError, ConnectionError)):
        return message("engine.unreachable", reason=f"{type(error).__name__}: {error}")
    if isinstance(error, OSError):
        return message("session.unusable" if _is_below(folder, error) else "grader.system", reason=_shown(error))
    if _is_ours(error):  # what it read is the learner's, and tests hold that it can read what is right
        return message("session.unreadable", reason=_shown(error))
    raise error


def _said_by_engine(status: int, said: str) -> Message:
    if status == 403:
        return message("session.refused", reason=said)
    if status == 409 and _STATE.search(said):  # it is still there: the learner's container has that state by itself
        return message("session.gone", reason=said)
    if status in (404, 409):  # while marks are given only the learner's own containers can go away by themselves
        return message("session.gone" if in_examiner() else "session.vanished", reason=said)
    if status >= 500 and _OF_OBJECT.search(said):
        return message("session.unusable", reason=said)
    return message("engine.answered_badly", status=status or "no status", reason=said)


def _is_below(folder: Path | None, error: OSError) -> bool:
    """Whether an error of the system is about a file of the learner's, and not about the system itself."""
    return (
        folder is not None
        and error.errno in _OF_FILES
        and Path(os.fsdecode(error.filename or "")).is_relative_to(folder)
    )


def _is_ours(error: Exception) -> bool:
    """Whether the question that failed is one of this package: an author's own may have a mistake."""
    frames = traceback.extract_tb(error.__traceback__)
    return all(Path(frame.filename).is_relative_to(_HERE) for frame in frames[1:2])


def _shown(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error)[:300]}"


def answers(client: DockerClient) -> bool:
    """Whether the engine still answers. Asked after a time-out, to tell a slow program from a hung engine."""
    from docker import APIClient
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    probe = APIClient(base_url=url_of(client), version=client.api.api_version, timeout=PROBE)
    try:
        return bool(probe.ping())
    except (RequestException, DockerException):
        return False
    finally:
        probe.close()


def url_of(client: DockerClient) -> str:
    """The address of the engine or session that a client speaks to."""
    # docker-py keeps `http+docker://localhost` as base_url for Unix sockets; the path is in its adapter.
    base: str = client.api.base_url
    if base.startswith("http+docker://"):
        adapter = client.api.get_adapter(base)
        return f"unix://{adapter.socket_path}"
    return base
