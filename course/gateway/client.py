"""The client of the control API: starts the gateway when none runs, and asks it. Synchronous and light."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from course.gateway.code import Code, on_disk
from course.gateway.errors import KINDS, GatewayError, GatewayLost, NoSession
from course.gateway.home import Home, homes
from course.gateway.keeping import keep_seconds
from course.paths import workspace

TRIES = 3  # of a call that found a gateway which was killed just then
START_SECONDS = 60.0
ANSWER_SECONDS = 180.0  # ending a session removes all that it made
DOOR, CHECKS = "SLIPWAY_DOOR", "checks"  # a process of checks takes the door for checks, of machines too
NOT_FOR_SESSIONS = ("DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_TLS", "DOCKER_API_VERSION")


@dataclass(frozen=True)
class Session:
    """An open session.

    Args:
        id: 12 hexadecimal digits.
        name: unique among the open sessions of this user and engine.
        policy: "own", "class", "grading" or "trusted".
        url: the address of its socket, for DOCKER_HOST and docker-py.
        engine: the address of the engine behind it.
        checks_url: where marks count, the address of the door for checks: it also answers while the learner's does not,
            and what is made through it the learner never sees. "" elsewhere.
    """

    id: str
    name: str
    policy: str
    url: str
    engine: str = ""
    checks_url: str = ""

    def environment(self) -> dict[str, str]:
        """What a process in the session gets, beside its own environment without `NOT_FOR_SESSIONS`."""
        return {
            "DOCKER_HOST": self.url,
            "DOCKER_BUILDKIT": "0",  # the CLI's classic builder is what the session's policy can read
            "SLIPWAY_SESSION": self.id,
            "SLIPWAY_ENGINE": self.engine,
        }


class Client:
    """Asks the gateway of one engine.

    Args:
        engine: its URL; None for SLIPWAY_ENGINE, else the engine that `course.engine.find` chooses.
    """

    def __init__(self, engine: str | None = None) -> None:
        self.home = Home.of(engine or os.environ.get("SLIPWAY_ENGINE") or _found())

    def __repr__(self) -> str:
        return f"<Client of the gateway of {self.home.engine}>"

    # ---- asking

    def status(self) -> dict[str, Any]:
        """The gateway's state: engine, owner, sessions, and what this machine does not let it do."""
        return dict(self._ask("GET", "/status"))

    def sessions(self) -> list[dict[str, Any]]:
        """Facts of every open session."""
        return list(self._ask("GET", "/sessions"))

    def show(self, ref: str) -> dict[str, Any]:
        """Facts of one open session, by id or name."""
        return dict(self._ask("GET", f"/sessions/{quote(ref, safe='')}"))

    def open(self, name: str, policy: str = "") -> Session:
        """Open a session that stays until it is ended, or was not used for `SLIPWAY_KEEP_DAYS` (a week).

        Args:
            name: unique among the open ones.
            policy: "" for the gateway's own choice (`policy.choice`).
        """
        self._replace_outdated()
        asked = {"name": name, "policy": policy, "keep": keep_seconds(), "workspace": str(workspace())}
        return self._session(self._request(self._connected(), "POST", "/sessions", asked))

    def machine(self, ref: str, name: str) -> Session:
        """Open, or find, a further session of the same learner; it ends with the session that it belongs to."""
        return self._session(self._ask("POST", f"/sessions/{quote(ref, safe='')}/machines", {"name": name}))

    def open_ports_in(self, ref: str, namespace: int | Path) -> list[int]:
        """Let a session's published TCP ports answer on 127.0.0.1 inside another network namespace too.

        From now on each port that a container of the session, or of the same learner's other machines, publishes
        answers there under the same number: before the call that starts the container is answered, until the container
        ends. Nothing else of the host is reached. It holds until the process is gone or the session ends.

        Args:
            ref: the session, by id or name.
            namespace: the number of a process that lives in it, or a file that stands for it: "/run/netns/<name>",
                "/proc/<pid>/fd/<fd>". Its loopback is up. A namespace that goes with no process stays until the end.

        Returns:
            The ports that answer inside now.

        Raises:
            NoSession: there is none.
            GatewayError: no such namespace, or the gateway may not enter it (it needs root on Linux).
        """
        path = Path(f"/proc/{namespace}/ns/net") if isinstance(namespace, int) else namespace
        answer = self._ask("POST", f"/sessions/{quote(ref, safe='')}/namespaces", {"path": str(path)})
        return list(answer["ports"])

    @contextlib.contextmanager
    def paused(self, ref: str) -> Iterator[None]:
        """The time of a check: for the block, the learner's doors of a session and its machines answer nothing.

        Calls that change something and came before are waited for, or broken off (`course.gateway.pause`). Calls that
        come meanwhile wait. What is made through the door for checks, and the engine's events of this time, the
        learner never sees.
        """
        path = f"/sessions/{quote(ref, safe='')}/pause"
        try:
            self._request(self._connected(), "POST", path, {"paused": True})
            yield
        finally:
            self._request(self._connected(), "POST", path, {"paused": False})

    def end(self, ref: str) -> list[dict[str, str]]:
        """End a session and wait until all that it made is removed; what was removed."""
        path = f"/sessions/{quote(ref, safe='')}"
        try:
            return list(self._request(self._connected(), "DELETE", path))
        except GatewayLost:
            try:
                return list(self._ask("DELETE", path))
            except NoSession:  # the end had begun: what is left of it is the sweep's
                return self.sweep()

    def sweep(self, *, dry_run: bool = False) -> list[dict[str, str]]:
        """Remove (or show) what ended and vanished sessions left on the engine."""
        return list(self._ask("POST", "/sweep", {"dry_run": dry_run}))

    def stop(self, *, end_sessions: bool = False) -> None:
        """End the gateway, and its sessions if asked; else the next gateway adopts them. Waits until it is gone."""
        connection = self._connect()
        if connection is None:
            return
        said = self.home.announcement() or {}
        with contextlib.suppress(GatewayLost):
            self._request(connection, "POST", "/stop", {"end_sessions": end_sessions})
        deadline = time.monotonic() + START_SECONDS
        while _runs(int(said.get("pid") or 0)) and time.monotonic() < deadline:
            time.sleep(0.02)

    @classmethod
    def stop_running(cls) -> None:
        """End every gateway of this user's state folder with all their sessions."""
        for home in homes():
            cls(home.engine).stop(end_sessions=True)

    def lease(self, asked: dict[str, Any]) -> tuple[Session, http.client.HTTPConnection, http.client.HTTPResponse]:
        """Ask for a lease; it lasts as long as the connection. `course.gateway.lease` is what holds it."""
        self._replace_outdated()
        connection = self._connected()
        try:
            connection.request("POST", "/lease", json.dumps({**asked, "pid": os.getpid()}))
            response = connection.getresponse()
            if response.status != 200:
                self._fail(response)
            facts = json.loads(response.readline() or "null")
            if facts is None:
                raise ConnectionResetError("the gateway ended before it answered")
        except BaseException as error:
            connection.close()
            if isinstance(error, (OSError, http.client.HTTPException)):
                raise self._lost(error) from error
            raise
        connection.sock.settimeout(None)
        return self._session(facts), connection, response

    # ---- inside

    def _session(self, facts: dict[str, Any]) -> Session:
        checks = str(facts.get("checks_url") or "")
        url = checks if os.environ.get(DOOR) == CHECKS and checks else facts["url"]
        return Session(facts["id"], facts["name"], facts["policy"], url, self.home.engine, checks)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask; again when the gateway was ended meanwhile and the call may be made twice."""
        for _ in range(TRIES - 1):
            with contextlib.suppress(GatewayLost):
                return self._request(self._connected(), method, path, body)
        return self._request(self._connected(), method, path, body)

    def _request(self, connection: http.client.HTTPConnection, method: str, path: str, body: Any = None) -> Any:
        with contextlib.closing(connection):
            try:
                connection.request(method, path, None if body is None else json.dumps(body))
                response = connection.getresponse()
                if response.status >= 400:
                    self._fail(response)
                return json.loads(response.read())
            except (OSError, http.client.HTTPException) as error:
                raise self._lost(error) from error

    def _lost(self, error: Exception) -> GatewayError:
        kind = GatewayError if isinstance(error, TimeoutError) else GatewayLost
        return kind("an answer of the gateway", repr(error), f"repeat; its log is {self.home.log}")

    def _fail(self, response: http.client.HTTPResponse) -> None:
        raw = response.read()
        try:
            said = json.loads(raw)
            raise KINDS[said["kind"]](*said["parts"])
        except (ValueError, KeyError, TypeError) as error:
            words = raw.decode("utf-8", "replace")[:300]
            raise GatewayError("the gateway does as asked", words, f"read {self.home.log}") from error

    def _connect(self) -> http.client.HTTPConnection | None:
        """A connection to the running gateway, None when none runs."""
        connection = _UnixConnection(self.home.control_socket())
        try:
            connection.connect()
        except OSError:
            connection.close()
            return None
        return connection

    def _connected(self) -> http.client.HTTPConnection:
        return self._connect() or self._start()

    def _replace_outdated(self) -> None:
        """End a running gateway whose code is not that on disk; the next one, of today's code, adopts its sessions.

        Raises:
            GatewayError: the gateway is of another installation, which may be in use.
        """
        from filelock import FileLock

        if self._is_outdated():
            with FileLock(self.home.state / "start.lock", timeout=2 * START_SECONDS):
                if self._is_outdated():  # nobody else has replaced it meanwhile
                    self.stop()

    def _is_outdated(self) -> bool:
        connection = self._connect()
        if connection is None:
            return False
        try:
            running, here = Code.told(self._request(connection, "GET", "/status").get("code")), on_disk()
        except GatewayLost:  # it ended just now
            return False
        if running.mark != here.mark and running.at != here.at:
            todo = "`course gateway stop` ends that one and leaves its sessions to this one"
            raise GatewayError(f"a gateway with the code of {here.at}", f"one of {running.at} runs", todo)
        return running.mark != here.mark

    def _start(self) -> http.client.HTTPConnection:
        """Start the gateway and wait until it answers; of several clients one starts it."""
        from filelock import FileLock

        with FileLock(self.home.state / "start.lock", timeout=2 * START_SECONDS):
            if running := self._connect():
                return running
            output = self.home.state / "start.log"
            with output.open("wb") as log:
                process = subprocess.Popen(
                    # -P: a learner's own docker.py or course.py must not be imported in place of ours.
                    [sys.executable, "-P", "-m", "course.gateway.daemon", self.home.engine],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd="/",
                    env={key: value for key, value in os.environ.items() if not key.startswith("PYTHON")},
                    start_new_session=True,
                )
            deadline = time.monotonic() + START_SECONDS
            while time.monotonic() < deadline:
                if ready := self._connect():
                    process.returncode = 0  # it outlives this process by design; Popen would warn of that
                    return ready
                if process.poll() not in (None, 0):
                    break
                time.sleep(0.02)
        words = output.read_text(errors="replace").strip()[-500:] or f"it ended with {process.poll()}"
        raise GatewayError("the gateway starts and answers", words, f"`course doctor`; its log is {self.home.log}")


class _UnixConnection(http.client.HTTPConnection):
    """An HTTP connection over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=ANSWER_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _runs(pid: int) -> bool:
    from course.gateway.peer import Process, identify

    return bool(pid) and Process(pid, identify(pid).started).alive()


def _found() -> str:
    from course.engine import find

    return find().url
