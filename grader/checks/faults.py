"""Whose fault an error is. The engine's faults never cost points; this module is where they are told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.checks.messages import Message, message, plain

if TYPE_CHECKING:
    from docker import DockerClient

PROBE = 10  # seconds that an engine has to answer a ping before it counts as hung


def fault_of(error: Exception) -> Message:
    """Translate an error that a check did not expect into a message.

    Returns:
        `session.refused` for a refusal by the session's rules, `session.vanished` for an object that went away while it
        was looked at, and `engine.*` or `grader.*` for everything that is not the learner's fault.

    Raises:
        the error itself, when it comes neither from the engine nor from the system: then a check has a bug.
    """
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    from course.errors import CourseError

    if isinstance(error, APIError):
        status = error.status_code or 0
        said = plain(error.explanation or error)
        if status == 403:
            return message("session.refused", reason=said)
        if status in (404, 409):
            return message("session.vanished", reason=said)
        return message("engine.answered_badly", status=status or "no status", reason=said)
    if isinstance(error, CourseError):  # of the engine, or of the gateway that should give a second machine
        return message("engine.unreachable", reason=f"{error.observed} (expected: {error.expected})")
    if isinstance(error, (RequestException, HTTPError, DockerException, TimeoutError, ConnectionError)):
        return message("engine.unreachable", reason=f"{type(error).__name__}: {error}")
    if isinstance(error, OSError):
        return message("grader.system", reason=f"{type(error).__name__}: {error}")
    raise error


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
