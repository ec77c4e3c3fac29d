"""`course lab` at a real terminal: however it's stopped, the work stays, and one line says what is kept."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

import docker
import pytest
from lease_holders import until

from course.gateway import Client
from course.gateway.errors import NoSession
from course.gateway.keeping import DAY, DAYS
from course.gateway.lease import workspace_name
from course.gateway.leasebook import KEEP

COURSE = str(Path(sys.executable).with_name("course"))
START_SECONDS = 240.0
CTRL_C = b"\x03"


class Terminal:
    """A server as the foreground of a terminal of its own; a context manager that ends it, whatever its state.

    Args:
        command: what starts the server.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self.output = ""
        hidden = ("DOCKER_HOST", "SLIPWAY_SESSION", "SLIPWAY_WORKSPACE")
        environment = {key: value for key, value in os.environ.items() if key not in hidden}
        self._fd, theirs = pty.openpty()
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *command], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
        )
        os.close(theirs)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.close()

    def close(self) -> None:
        """Close the window: the kernel sends SIGHUP to what runs in it."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def press(self, key: bytes) -> None:
        """Press a key; Ctrl-C reaches the foreground as SIGINT, by way of the terminal."""
        os.write(self._fd, key)

    def reads(self, pattern: str, seconds: float = START_SECONDS) -> str:
        """Read on until a pattern is there; what matched."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.output)):
            assert time.monotonic() < deadline, f"{pattern!r} did not come:\n{self.output[-3000:]}"
            assert self._read(), f"it ended without {pattern!r}:\n{self.output[-3000:]}"
        return found.group()

    def ended(self) -> None:
        """Read on until the server has ended."""

        def gone() -> bool:
            self._read(0.0)
            return self.process.poll() is not None

        until(gone, "the server did not end", 60.0)
        while self._read(0.0):
            pass

    def _read(self, seconds: float = 1.0) -> bool:
        """Take in what there is; False where nothing can come any more, or nothing is waited for."""
        if self._fd < 0 or not select.select([self._fd], [], [], seconds)[0]:
            return self._fd >= 0 and seconds > 0
        try:
            piece = os.read(self._fd, 65536)
        except OSError:  # EIO: nobody has the terminal open any more
            return False
        self.output += piece.decode("utf-8", "replace")
        return bool(piece)


@pytest.fixture
def workspace(engine_url: str, tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    with suppress(NoSession):
        Client(engine_url).end(workspace_name(tmp_path))


def with_work_in_it(engine_url: str, workspace: Path) -> str:
    """Run a container and make an image and a volume in the session that the server opened; the session's id."""
    gateway, name = Client(engine_url), workspace_name(workspace)

    def held() -> dict[str, object] | None:
        with suppress(NoSession):
            facts = gateway.show(name)
            return facts if facts["leases"] else None
        return None

    facts = until(held, "the server took no lease", 60.0)
    with closing(docker.DockerClient(facts["url"], timeout=60)) as client:
        web = client.containers.run("course/busybox", ["sleep", "600"], name="web", detach=True)
        web.commit("shop", "1")
        client.volumes.create("goods")
    return str(facts["id"])


def what_is_there(engine_url: str, sid: str) -> tuple[str, list[str], list[str]]:
    """State of the container, tags of the own images, and volumes, in an open session."""
    with closing(docker.DockerClient(Client(engine_url).show(sid)["url"], timeout=60)) as client:
        tags = [tag for image in client.images.list() for tag in image.tags if not tag.startswith("course/")]
        return client.containers.get("web").status, tags, [volume.name for volume in client.volumes.list()]


def kept_for(gateway: Client, sid: str) -> float:
    """Seconds without use that the gateway keeps a session for, as its ledger has it."""
    ledger = f"{(gateway.home.state / 'ledger.db').as_uri()}?mode=ro"
    with closing(sqlite3.connect(ledger, uri=True)) as opened:
        query = "SELECT value FROM objects WHERE sid = ? AND kind = ?"
        return float(opened.execute(query, (sid, KEEP)).fetchone()[0])


def stop(how: str, lab: Terminal) -> None:
    """Stop the server in one of the ways that people do."""
    if how == "Ctrl-C twice":
        lab.press(CTRL_C)
        lab.reads(r"Shut ?down this Jupyter server")
        lab.press(CTRL_C)
    elif how == "Ctrl-C, then y":
        lab.press(CTRL_C)
        lab.reads(r"Shut ?down this Jupyter server")
        lab.press(b"y\n")
    elif how == "kill":
        lab.process.send_signal(signal.SIGTERM)
    else:
        lab.close()
    lab.ended()


LAB = (COURSE, "lab", "--no-browser", "--port", "0", "--workspace")
PLAIN = (sys.executable, "-m", "jupyter_server", "--allow-root", "--no-browser", "--port", "0", "--ServerApp.root_dir")
"""The same server and the course's extension without JupyterLab, which takes long to start."""
WAYS = ((LAB, "Ctrl-C twice"), (PLAIN, "Ctrl-C, then y"), (PLAIN, "kill"), (PLAIN, "the window is closed"))


def test_what_was_made_stays_however_the_server_is_stopped(workspace: Path, engine_url: str) -> None:
    """One workspace, one start after the other."""
    gateway, name, sid = Client(engine_url), workspace_name(workspace), ""
    line = (
        "✓ kept for 7 days after the last use: 1 container, 1 image, 1 volume; "
        f"`course session end {name}` removes all of it"
    )
    for command, how in WAYS:
        with Terminal((*command, str(workspace))) as server:
            server.reads(r"http://(?:127\.0\.0\.1|localhost):\d+/\S*")
            assert line not in server.output
            sid = sid or with_work_in_it(engine_url, workspace)
            until(lambda: gateway.show(name)["leases"], "the server took no lease", 60.0)
            stop(how, server)
            if how != "the window is closed":  # then there is nobody to read it
                assert server.output.rstrip().endswith(line), server.output[-2000:]
        until(lambda: gateway.show(name)["leases"] == 0, "the server's lease outlived it", 60.0)
        # what the gateway decides by: time alone removes nothing before the week is over
        assert kept_for(gateway, sid) == DAYS * DAY
        assert what_is_there(engine_url, sid) == ("running", ["shop:1"], ["goods"])
    with Terminal((*LAB, str(workspace))) as server:
        server.reads(re.escape(line))
    ran = subprocess.run([COURSE, "session", "end", name], capture_output=True, text=True, check=False)
    assert ran.returncode == 0 and ran.stdout.startswith(f"✓ session {name} ended"), ran.stdout + ran.stderr
