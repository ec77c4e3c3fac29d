"""Which engine is used, and what is said when none can be."""

from __future__ import annotations

import http.server
import os
import pickle
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.context import ContextAPI

from course.engine import endpoint, find
from course.engine.errors import ApiTooOld, BuildFailed, NoEngine, NoPermission
from course.paths import runtime_dir


@pytest.fixture
def no_wishes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A user who has set nothing, on a machine where no engine listens."""
    for variable in ("SLIPWAY_ENGINE", "DOCKER_HOST", "DOCKER_CONTEXT", "SLIPWAY_SESSION"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker-config"))
    monkeypatch.setattr(endpoint, "usual_sockets", lambda: ((tmp_path / "docker.sock", "Docker"),))
    return tmp_path


def test_an_explicit_address_wins_and_says_so(monkeypatch: pytest.MonkeyPatch, engine_url: str) -> None:
    monkeypatch.setenv("SLIPWAY_ENGINE", engine_url)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    found = find()
    assert (found.url, found.source) == (engine_url, "SLIPWAY_ENGINE")
    assert "SLIPWAY_ENGINE" in found.why
    assert tuple(map(int, found.api.split("."))) >= (1, 41)


def test_docker_host_that_does_not_answer_is_never_passed_over(
    no_wishes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{no_wishes}/absent.sock")
    with pytest.raises(NoEngine):
        find()


def test_the_cli_context_is_followed(no_wishes: Path, monkeypatch: pytest.MonkeyPatch, engine_url: str) -> None:
    (no_wishes / "docker-config").mkdir()
    (no_wishes / "docker-config/config.json").write_text("{}")
    ContextAPI.create_context("classroom", orchestrator=None, host=engine_url)
    try:
        monkeypatch.setenv("DOCKER_CONTEXT", "classroom")
        found = find()
        assert (found.url, found.source) == (engine_url, "context classroom")
    finally:
        ContextAPI.remove_context("classroom")


def test_the_usual_sockets_come_last(no_wishes: Path, engine_url: str) -> None:
    (no_wishes / "docker.sock").symlink_to(engine_url.removeprefix("unix://"))
    assert find().source == "socket"


def test_without_an_engine_the_message_says_what_to_do(no_wishes: Path) -> None:
    with pytest.raises(NoEngine) as caught:
        find()
    assert caught.value.try_next == "`course engine up`"


def test_a_session_socket_is_not_taken_for_an_engine(
    no_wishes: Path, monkeypatch: pytest.MonkeyPatch, engine_url: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{runtime_dir()}/abc/docker.sock")
    (no_wishes / "docker.sock").symlink_to(engine_url.removeprefix("unix://"))
    assert find().source == "socket"


def test_graders_refuse_a_remote_engine(no_wishes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://198.51.100.7:2375")
    with pytest.raises(NoEngine, match="local Unix socket"):
        find(local_only=True)


class _OldEngine(http.server.BaseHTTPRequestHandler):
    """Answers as an engine of 2017 does; no engine that old runs on this kernel."""

    def do_GET(self) -> None:
        body = b'{"ApiVersion": "1.24", "Version": "1.12.6", "MinAPIVersion": "1.12"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "local"

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def old_engine(tmp_path: Path) -> Iterator[str]:
    path = tmp_path / "old.sock"
    with socketserver.UnixStreamServer(str(path), _OldEngine) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"unix://{path}"
        server.shutdown()


def test_an_engine_that_is_too_old_is_named(no_wishes: Path, monkeypatch: pytest.MonkeyPatch, old_engine: str) -> None:
    monkeypatch.setenv("DOCKER_HOST", old_engine)
    with pytest.raises(ApiTooOld):
        find()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user to be refused")
def test_a_socket_without_permission_is_told_apart_from_no_engine(no_wishes: Path, engine_url: str) -> None:
    no_wishes.chmod(0o755)
    locked = no_wishes / "locked"
    locked.mkdir(mode=0o700)
    (locked / "docker.sock").symlink_to(engine_url.removeprefix("unix://"))
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.seteuid(65534)
        try:
            endpoint._asked(endpoint.Endpoint(f"unix://{locked}/docker.sock", "test", "test"))
        except BaseException as error:
            os.write(write, pickle.dumps(error))
        os._exit(0)
    os.waitpid(child, 0)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        assert isinstance(pickle.loads(answer.read()), NoPermission)


def test_errors_survive_a_process_boundary() -> None:
    error = BuildFailed("RUN false", 3, "no output", "returned a non-zero code: 1")
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.line, copy.instruction, str(copy)) == (3, "RUN false", str(error))
