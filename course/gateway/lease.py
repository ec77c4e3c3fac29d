"""The holder's side of a lease: a session stays as long as a process holds one (and its policy's grace longer)."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import re
import secrets
import socket
import threading
from pathlib import Path
from types import TracebackType

from course.gateway.client import TRIES, Client, Session
from course.gateway.errors import GatewayError, GatewayLost, NoSession
from course.gateway.keeping import keep_seconds

PAUSES = (0.05, 0.1, 0.2, 0.5, 1.0)  # seconds between attempts to reach a gateway that went away


class Lease:
    """Holds a session open from this process; release it, or let the process end.

    A thread waits on the connection. When the gateway dies, it starts the next one, which adopts the session under
    the same address: clients of the session see their connections break, and reconnect.

    Args:
        client: of the gateway.
        asked: which session: {"session": ref}, or {"name", "policy", "find"} to open one.
    """

    def __init__(self, client: Client, asked: dict[str, object]) -> None:
        self._client, self._token = client, secrets.token_hex(16)
        self.session, self._connection, self._response = self._take(asked)
        self._ended = ""
        self._released = threading.Event()
        self._thread = threading.Thread(target=self._hold, name=f"lease of {self.session.name}", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        state = "released" if self._released.is_set() else f"ended: {self._ended}" if self._ended else "held"
        return f"<Lease of session {self.session.name!r}, {state}>"

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()

    @property
    def ended(self) -> str:
        """Why the session ended under this lease, "" while it has not."""
        return self._ended

    def release(self) -> None:
        """Give the lease back. The session ends after its policy's grace, unless another lease holds it."""
        self._released.set()
        self._hang_up()
        self._thread.join(timeout=10.0)

    def end(self) -> None:
        """Give the lease back, end the session, and wait until all that it made is removed."""
        self._released.set()
        with contextlib.suppress(NoSession):
            self._client.end(self.session.id)
        self.release()

    def _take(self, asked: dict[str, object]) -> tuple[Session, http.client.HTTPConnection, http.client.HTTPResponse]:
        for _ in range(TRIES - 1):
            with contextlib.suppress(GatewayLost):
                return self._client.lease({**asked, "token": self._token})
        return self._client.lease({**asked, "token": self._token})

    def _hang_up(self) -> None:
        connection = self._connection
        if connection.sock is not None:
            # A forked child may hold the same socket: closing alone would not tell the gateway.
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def _hold(self) -> None:
        while not self._released.is_set():
            self._ended = self._last_words()
            self._connection.close()
            if self._ended or self._released.is_set():
                return
            self._come_back()

    def _last_words(self) -> str:
        """Wait for the end of the connection; why the session ended, "" if only the gateway or the lease did."""
        try:
            line = self._response.readline()
            return str(json.loads(line)["ended"]) if line else ""
        except (OSError, ValueError, KeyError, http.client.HTTPException):
            return ""

    def _come_back(self) -> None:
        """Take the lease again, from the next gateway."""
        attempt = 0
        while not self._released.wait(PAUSES[min(attempt, len(PAUSES) - 1)]):
            attempt += 1
            try:
                _, self._connection, self._response = self._take({"session": self.session.id})
            except NoSession:
                self._ended = "the session is gone"
            except (GatewayError, OSError, ValueError, http.client.HTTPException):
                continue
            if self._released.is_set():
                self._hang_up()
            return


def attach(workspace: Path, name: str | None = None) -> Lease:
    """Hold the session of a workspace, opened if it is not open; kernels and terminals of one workspace share it.

    It is kept when nobody holds it any more, until its owner ends it or a week without use (`SLIPWAY_KEEP_DAYS`).

    In a process that is in a session already (`course session run`), it is that session.

    Args:
        workspace: the folder; the session's name comes from its path.
        name: another name for the session.

    Raises:
        GatewayError: the gateway does not start, or refuses.
        EngineError: there is no engine.
    """
    client = Client()
    if inside := os.environ.get("SLIPWAY_SESSION"):
        return Lease(client, {"session": inside})
    named = name or workspace_name(workspace)
    asked = {"name": named, "policy": "", "find": True, "keep": keep_seconds(), "workspace": str(workspace.resolve())}
    return Lease(client, asked)


def machine(session: Session, name: str) -> Session:
    """Open, or find, a second machine of the same learner ("your colleague's computer").

    It is a separate session with the same policy, and ends when the first one ends.

    Args:
        session: the learner's session.
        name: what the machine is called.
    """
    return Client(session.engine or None).machine(session.id, name)


def workspace_name(workspace: Path) -> str:
    """The name of a workspace's session: the folder's name, and a hash of its path."""
    path = workspace.resolve()
    word = re.sub(r"[^a-z0-9]+", "-", path.name.lower()).strip("-")[:24] or "workspace"
    return f"{word}-{hashlib.sha256(os.fsencode(path)).hexdigest()[:6]}"
