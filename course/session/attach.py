"""This process's lease on its workspace's session: the socket in `DOCKER_HOST`, or why there is none."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from course.errors import CourseError
from course.paths import runtime_dir, workspace

if TYPE_CHECKING:
    from course.gateway import Lease

NO_SESSION = "no-session-run-course-doctor.sock"
"""A socket that never exists: `DOCKER_HOST` names it while there is no session, so that no cell reaches the engine."""
BACK_SECONDS = 10.0
"""How long a cell waits for a gateway that ended to be there again."""


@dataclass(frozen=True)
class Attached:
    """The session in use.

    Args:
        id: its id, as `course session list` shows it.
        url: its socket, as docker-py takes it.
        held: whether this process holds a lease; False where whoever set SLIPWAY_SESSION holds it.
    """

    id: str
    url: str
    held: bool


class Attachment:
    """A lease on the session of a workspace, taken once, and taken again when that session has ended.

    Args:
        environment: the variables that then name the session's socket: those of this process, or of its children.
    """

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        self._environment = environment
        self._lease: Lease | None = None
        self._attached: Attached | None = None
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._turn = threading.Lock()

    def __repr__(self) -> str:
        state = f"session {self._attached.id}" if self._attached else "failed" if self._error else "not attached"
        return f"<Attachment {state}>"

    def start(self) -> None:
        """Begin to attach, in a thread."""
        self._thread = threading.Thread(target=self._try, name="slipway-attach", daemon=True)
        self._thread.start()

    def ready(self) -> None:
        """Wait for `start` to finish, or for a restarted gateway; if the session has ended, take a new one.

        Never raises: what went wrong is kept for `require`.
        """
        thread, self._thread = self._thread, None
        if thread is not None:
            try:
                thread.join()
            except KeyboardInterrupt:  # the cell goes on: it must not meet the engine itself
                point_nowhere(self._environment)
                raise
        elif self._lease is not None and not self._is_open(self._lease):
            self._attached = None
            self._try()

    def require(self) -> Attached:
        """The session, attached now if it was not.

        Raises:
            CourseError: there is no session; the three parts say why.
        """
        self.ready()
        if self._attached is None:
            self._try()
        if self._attached is None:
            raise _as_course_error(self._error) from self._error
        return self._attached

    @property
    def error(self) -> CourseError | None:
        """Why there is no session; None if there is one, or if nothing has requested one yet."""
        return _as_course_error(self._error) if self._error else None

    def _try(self) -> None:
        with self._turn:
            if self._attached is not None:
                return
            try:
                self._attached, self._error = self._take(), None
            except BaseException as error:  # an interrupt too: the set-up cell shows it, and can be run again
                self._error = error
                point_nowhere(self._environment)

    def _take(self) -> Attached:
        if self._lease is not None:  # of a session that has ended; the variables that name it are this class's own
            self._lease = None
            point_nowhere(self._environment)
        given = given_session(self._environment)
        if given:
            return given
        folder = workspace_of(Path.cwd())
        from course.gateway import attach, docker_config
        from course.session_python import sitecustomize

        self._lease = attach(folder)
        session = self._lease.session
        self._environment["SLIPWAY_WORKSPACE"] = str(folder)
        own = docker_config.variables(self._environment)
        point_at(self._environment, {**session.environment(), **own})
        sitecustomize.install()
        return Attached(session.id, session.url, held=True)

    @staticmethod
    def _is_open(lease: Lease) -> bool:
        """Whether the session is still open. The lease restarts a gateway that was killed, which takes a while."""
        deadline = time.monotonic() + BACK_SECONDS
        while not lease.ended and time.monotonic() < deadline:
            if answers(lease.session.url):
                return True
            time.sleep(0.05)
        return not lease.ended


ATTACHMENT = Attachment(os.environ)
"""The one of this process."""


def given_session(environment: Mapping[str, str] = os.environ) -> Attached | None:
    """The session that the environment already names (a grader's, or that of `course session run`), if one is."""
    sid, url = environment.get("SLIPWAY_SESSION"), environment.get("DOCKER_HOST")
    return Attached(sid, url, held=False) if sid and url else None


def workspace_of(folder: Path) -> Path:
    """The workspace that a folder is in: SLIPWAY_WORKSPACE, else the folder above a lesson, else the folder itself.

    A front end without the server extension starts a kernel in the lesson's folder; all lessons of one
    workspace share one session.
    """
    if os.environ.get("SLIPWAY_WORKSPACE"):
        return workspace()
    name = folder.name
    is_lesson = name[:1] == "L" and name[1:3].isdigit() and (folder / f"{name}.ipynb").exists()
    return (folder.parent if is_lesson else folder).resolve()


def point_at(environment: MutableMapping[str, str], session: Mapping[str, str]) -> None:
    """Make docker-py and the CLI use a session's socket.

    Args:
        environment: the variables to change.
        session: those of the session (`course.gateway.Session.environment`).
    """
    from course.gateway.client import NOT_FOR_SESSIONS

    for name in NOT_FOR_SESSIONS:
        environment.pop(name, None)
    environment.update(session)


def point_nowhere(environment: MutableMapping[str, str]) -> None:
    """Make docker-py and the CLI use a socket that does not exist, and keep the user's choice of an engine."""
    from course.gateway.client import NOT_FOR_SESSIONS

    engine = environment.get("DOCKER_HOST", "")
    inside = environment.pop("SLIPWAY_SESSION", "")
    if engine and not inside and not engine.endswith(NO_SESSION):
        environment.setdefault("SLIPWAY_ENGINE", engine)
    for name in NOT_FOR_SESSIONS:
        environment.pop(name, None)
    environment["DOCKER_HOST"] = f"unix://{_nowhere()}"


def answers(url: str) -> bool:
    """Whether an engine or a session answers a ping on that Unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(BACK_SECONDS)
        try:
            probe.connect(url.removeprefix("unix://"))
            probe.sendall(b"GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n")
            return probe.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            return False


def _nowhere() -> Path:
    with contextlib.suppress(CourseError, OSError):
        return runtime_dir() / NO_SESSION
    return Path("/nonexistent") / NO_SESSION


def _as_course_error(error: BaseException | None) -> CourseError:
    if isinstance(error, CourseError):
        return error
    observed = f"{type(error).__name__}: {error}" if error else "no answer"
    return CourseError("a session on the engine", observed, "`course doctor` in a terminal, then run this cell again")
