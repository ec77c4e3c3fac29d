"""A notebook server as `course lab` starts it, in a process of its own, and how Chromium is started for it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 240.0
"""How long a busy machine may take until the server has printed its address."""


def chromium_path() -> str | None:
    """Where the machine's Chromium is, None where there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def served(workspace: Path, command: Sequence[str]) -> Iterator[str]:
    """Run a server for a learner's folder; the address that it prints, with its token.

    Args:
        workspace: the learner's folder; the server's log is kept in it.
        command: what starts the server; `{port}` stands for a free port.

    Raises:
        AssertionError: no address came within `START_SECONDS`.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**os.environ, "JUPYTER_RUNTIME_DIR": str(workspace / f".runtime-{port}")}
    words = [word.replace("{port}", str(port)) for word in command]
    with (workspace / f".server-{port}.log").open("w+") as log:
        process = subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True)
        try:
            url = _printed_url(process, Path(log.name))
            wait_until_listening(url)
            yield url
        finally:
            with suppress(ProcessLookupError):  # it ended by itself: its log says why
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def wait_until_listening(url: str) -> None:
    """Wait until the server takes connections: it prints its address a moment before.

    Raises:
        AssertionError: it did not within `START_SECONDS`.
    """
    to = urlsplit(url)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with suppress(ConnectionRefusedError), socket.create_connection((to.hostname, to.port)):
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens at {to.hostname}:{to.port}")


def _printed_url(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:\d+/\S*\?token=\w+", log.read_text(errors="replace"))
        if found:
            return found.group()
        time.sleep(0.1)
    raise AssertionError(f"the server printed no address:\n{log.read_text(errors='replace')[-3000:]}")
