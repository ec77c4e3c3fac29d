"""A terminal of a real Jupyter server reaches the workspace's session; the kernels find it by themselves."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import websocket
from live_kernel import wait_until

from course import manifest
from course.gateway import Client
from course.gateway.errors import NoSession
from course.gateway.lease import workspace_name
from course.lab import where_the_learner_was

TOKEN = "terminal-test"


@dataclass(frozen=True)
class Server:
    """A running Jupyter server and the folder that it serves."""

    port: int
    workspace: Path

    def ask(self, path: str, method: str = "GET") -> object:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/{path}", method=method)
        request.add_header("Authorization", f"token {TOKEN}")
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.loads(response.read() or b"null")

    def in_terminal(self, command: str) -> str:
        """Type a command into a new terminal; what it wrote to its standard output."""
        out = self.workspace / "terminal-output"
        name = self.ask("api/terminals", "POST")["name"]  # type: ignore[index]  # JSON
        url = f"ws://127.0.0.1:{self.port}/terminals/websocket/{name}?token={TOKEN}"
        with closing(websocket.create_connection(url, timeout=30)) as terminal:
            terminal.send(json.dumps(["stdin", f"{command} > {out}.new 2>&1; mv {out}.new {out}\r"]))
            wait_until(out.exists)
        text = out.read_text()
        out.unlink()
        return text


@pytest.fixture(scope="module", params=["with an engine", "without an engine"])
def server(
    request: pytest.FixtureRequest, engine_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("workspace")
    engine = engine_url if request.param == "with an engine" else f"unix://{folder}/no.sock"
    hidden = ("DOCKER_HOST", "SLIPWAY_SESSION", "SLIPWAY_WORKSPACE")
    env = {key: value for key, value in os.environ.items() if key not in hidden} | {"SLIPWAY_ENGINE": engine}
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "jupyter_server", "--allow-root", "--no-browser", f"--port={port}",
        f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder}",
        "--ServerApp.terminado_settings={'shell_command': ['/bin/sh']}",
    ]  # fmt: skip
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    made = Server(port, folder)
    try:
        wait_until(lambda: process.poll() is not None or answers(made))
        if engine == engine_url:
            wait_until(lambda: is_held(engine_url, folder))
        yield made
    finally:
        process.terminate()
        process.wait(30)
        with suppress(NoSession):
            Client(engine_url).end(workspace_name(folder))


def is_held(engine_url: str, folder: Path) -> bool:
    with suppress(NoSession):
        return int(Client(engine_url).show(workspace_name(folder))["leases"]) > 0
    return False


def answers(server: Server) -> bool:
    with suppress(OSError):
        return bool(server.ask("api/status"))
    return False


@pytest.mark.parametrize("server", ["with an engine"], indirect=True)
def test_a_terminal_reaches_the_session_of_the_servers_folder(server: Server, engine_url: str) -> None:
    shown = server.in_terminal("echo $SLIPWAY_SESSION $DOCKER_HOST")
    sid, url = shown.split()
    facts = Client(engine_url).show(workspace_name(server.workspace))
    assert (sid, url) == (facts["id"], facts["url"])
    assert facts["leases"] >= 1, "the server holds a lease of its own"


@pytest.mark.parametrize("server", ["with an engine"], indirect=True)
def test_the_docker_command_in_a_terminal_sees_the_base_images_under_their_names(server: Server) -> None:
    assert "course/busybox:latest" in server.in_terminal("docker images --format '{{.Repository}}:{{.Tag}}'")


@pytest.mark.parametrize("server", ["with an engine"], indirect=True)
def test_a_terminal_after_the_end_of_the_session_reaches_the_next_one(server: Server, engine_url: str) -> None:
    before = server.in_terminal("echo $SLIPWAY_SESSION").strip()
    Client(engine_url).end(before)
    after = server.in_terminal("echo $SLIPWAY_SESSION").strip()
    assert after not in ("", before)
    assert Client(engine_url).show(after)["name"] == workspace_name(server.workspace)
    Client(engine_url).end(after)


@pytest.mark.parametrize("server", ["without an engine"], indirect=True)
def test_without_a_session_the_server_runs_and_a_terminal_reaches_nothing(server: Server) -> None:
    assert "no-session" in server.in_terminal("echo $DOCKER_HOST")
    assert "terminals have no session yet" in (server.workspace / "server.log").read_text()


@pytest.mark.parametrize("server", ["with an engine"], indirect=True)
def test_a_terminal_has_the_course_command_and_opens_in_the_lesson(server: Server, engine_url: str) -> None:
    assert server.in_terminal("command -v course").strip() == str(Path(sys.executable).with_name("course"))
    lesson = server.workspace / where_the_learner_was(manifest.load()).name
    assert server.in_terminal("pwd").strip() == str(server.workspace), "no such folder yet"
    lesson.mkdir()
    assert server.in_terminal("pwd").strip() == str(lesson)
    Client(engine_url).end(workspace_name(server.workspace))
