"""When the engine fails, no check blames the learner, and no points are lost."""

from __future__ import annotations

import http.server
import os
import signal
import socketserver
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from one_of_each import WITHOUT_ENGINE, one_of_each

from grader import checks
from grader.checks import Check, CouldNotCheck, Outcome
from grader.checks.bench import Bench, use
from grader.checks.trial import Trial


class Values:
    """Every name has a value that could be an id."""

    def fetch(self, name: str) -> bytes | None:
        return b'"0123456789abcdef"'


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    """A folder with a Dockerfile that would build."""
    (tmp_path / "Dockerfile").write_text("FROM course/busybox\nCOPY a.txt /\nRUN true\n")
    (tmp_path / "a.txt").write_text("a\n")
    return tmp_path


@pytest.mark.parametrize("check", one_of_each(), ids=lambda check: check.id)
def test_an_engine_that_is_gone_is_not_the_learners_fault(check: Check, lesson: Path) -> None:
    client = docker.DockerClient(base_url=f"unix://{lesson}/closed.sock", version="1.41", timeout=2)
    with use(Bench(folder=lesson, machines={"": client}, values=Values(), records_progress=False)):
        result = check.run()
    client.close()
    if check.id in WITHOUT_ENGINE:
        assert result.outcome is not Outcome.COULD_NOT_CHECK
    else:
        assert (result.outcome, result.message) == (Outcome.COULD_NOT_CHECK, "engine.unreachable")
        assert "not your fault" in result.try_next


class _Broken(http.server.BaseHTTPRequestHandler):
    """An engine that answers every call with one status."""

    status = 500

    def do_GET(self) -> None:
        body = b'{"message": "something broke"}'
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_DELETE = do_PUT = do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def address_string(self) -> str:
        return "a Unix socket"


class _UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def get_request(self) -> tuple[object, tuple[str, int]]:
        connection, _address = super().get_request()
        return connection, ("client", 0)


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[docker.DockerClient]:
    server = _UnixServer(str(tmp_path / "b.sock"), _Broken)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    client = docker.DockerClient(base_url=f"unix://{tmp_path}/b.sock", version="1.41", timeout=5)
    yield client
    client.close()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "outcome", "message"),
    [
        (500, Outcome.COULD_NOT_CHECK, "engine.answered_badly"),
        (503, Outcome.COULD_NOT_CHECK, "engine.answered_badly"),
        (403, Outcome.FAILED, "session.refused"),
        (409, Outcome.COULD_NOT_CHECK, "session.vanished"),
    ],
)
def test_the_status_tells_whose_fault_it_is(
    broken: docker.DockerClient, monkeypatch: pytest.MonkeyPatch, status: int, outcome: Outcome, message: str
) -> None:
    monkeypatch.setattr(_Broken, "status", status)
    with use(Bench(machines={"": broken})):
        result = checks.image("shop").exists().run()
    assert (result.outcome, result.message) == (outcome, message)
    assert "something broke" in result.observed


def test_an_engine_that_hangs_in_the_middle_of_a_command_is_not_a_slow_command(
    engine_url: str, client: docker.DockerClient, bench: object, run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine's process is stopped while it runs a command, as an overloaded machine would; then it goes on."""
    pid = _pid_of(client)
    if pid is None:
        pytest.skip("the engine's process belongs to somebody else, so it cannot be stopped here")
    name = run("course/busybox", "sleep", "600")
    check = checks.container(name).executes("sh", "-c", "sleep 1; echo done", within=2)
    monkeypatch.setattr("grader.checks.faults.PROBE", 1)
    timer = threading.Timer(0.5, os.kill, (pid, signal.SIGSTOP))
    timer.start()
    try:
        with Trial() as trial:
            outcome = check.run(trial).outcome
            os.kill(pid, signal.SIGCONT)  # before the end of the trial, which tidies up on the engine
    finally:
        timer.cancel()
        os.kill(pid, signal.SIGCONT)
    assert outcome is Outcome.COULD_NOT_CHECK


def _pid_of(client: docker.DockerClient) -> int | None:
    """The process of the engine behind a Unix socket, when it is ours to stop."""
    import socket
    import struct

    path = client.api.get_adapter(client.api.base_url).socket_path
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(path)
        pid, uid, _gid = struct.unpack("3i", probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    same_user = os.geteuid() in (0, uid)
    name = Path(f"/proc/{pid}/comm")
    return pid if same_user and name.exists() and name.read_text().strip() == "dockerd" else None


def test_grade_says_that_it_could_not_check_and_keeps_the_points_open(tmp_path: Path, capsys) -> None:
    client = docker.DockerClient(base_url=f"unix://{tmp_path}/closed.sock", version="1.41", timeout=2)
    asked = (checks.submission()["x"].there(), checks.container("web").exists())
    with (
        use(Bench(machines={"": client}, values=Values(), records_progress=False)),
        pytest.raises(CouldNotCheck) as raised,
    ):
        checks.grade("t", *asked, points=2)
    client.close()
    assert raised.value.verdict.outcome is Outcome.COULD_NOT_CHECK
    assert "! could not check" in capsys.readouterr().out
    assert "costs no points" in str(raised.value)


def test_a_mistake_in_a_check_is_not_hidden_as_an_engine_fault() -> None:
    def broken_question(trial: object) -> str:
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        Check("t.t", "a check with a bug", broken_question).run()
