"""What `%docker` does: run the docker command in the session, with its output as it comes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TextIO

from course.errors import CourseError

END_SECONDS = 5.0
"""How long the command has to end after an interrupt before it is killed."""
_WITH_VALUE = (
    "-H",
    "--host",
    "-c",
    "--context",
    "-l",
    "--log-level",
    "--config",
    "--tlscacert",
    "--tlscert",
    "--tlskey",
)


class NoDockerCommand(CourseError):
    """The docker command is not installed."""


class CommandFailed(CourseError):
    """A docker command ended with an exit code other than 0."""

    def __init__(self, command: str, exit_code: int, last_output: str) -> None:
        super().__init__(
            f"`{command}` ends with exit code 0",
            f"exit code {exit_code}: {last_output or 'no output'}",
            "read the message above, and correct the command",
        )
        self.args = (command, exit_code, last_output)  # for pickle
        self.command, self.exit_code, self.last_output = command, exit_code, last_output


def docker(arguments: Sequence[str]) -> None:
    """Run `docker` with these arguments and print what it prints, as it comes.

    Interrupting ends the command, and stops the container that `run` or `start` had started.

    Raises:
        NoDockerCommand: it is not installed.
        CommandFailed: its exit code is not 0.
    """
    program = shutil.which("docker")
    if program is None:
        raise NoDockerCommand(
            "the docker command on this machine",
            "it is not installed; the lessons need only docker-py",
            "use docker-py (`client = docker.from_env()`), or install it (Debian: `sudo apt-get install docker-cli`)",
        )
    with tempfile.TemporaryDirectory() as folder:
        cidfile = Path(folder) / "container"
        _run(program, arguments, cidfile)


def _run(program: str, arguments: Sequence[str], cidfile: Path) -> None:
    process = subprocess.Popen(
        [program, *noting_container(arguments, cidfile)],
        stdin=subprocess.DEVNULL,  # a cell has no terminal; `-it` belongs in one
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # the interrupt is sent on below, once
    )
    last: list[str] = []
    pumps = [_pump(process.stdout, sys.stdout, last), _pump(process.stderr, sys.stderr, last)]
    try:
        code = process.wait()
    except KeyboardInterrupt:
        _end(process)
        _stop_containers(program, arguments, cidfile)
        raise
    finally:
        for pump in pumps:
            pump.join()
    if code:
        raise CommandFailed(" ".join(["docker", *arguments]), code, last[-1] if last else "")


def noting_container(arguments: Sequence[str], cidfile: Path) -> list[str]:
    """The arguments, with `--cidfile` put into a `run`, so that its container is known when it must be stopped."""
    at = _command_at(arguments)
    words = list(arguments)
    if words[at : at + 1] == ["container"]:
        at += 1
    if words[at : at + 1] == ["run"] and not any(word.startswith("--cidfile") for word in words):
        words[at + 1 : at + 1] = ["--cidfile", str(cidfile)]
    return words


def _command_at(arguments: Sequence[str]) -> int:
    """Where the command stands after the options of `docker` itself."""
    at = 0
    while at < len(arguments) and arguments[at].startswith("-"):
        at += 2 if arguments[at] in _WITH_VALUE else 1
    return at


def _pump(source: IO[bytes] | None, target: TextIO, last: list[str]) -> threading.Thread:
    """Copy a pipe to the cell's output as it comes; `last` keeps the last line that was not empty."""
    assert source is not None

    def copy() -> None:
        for chunk in iter(lambda: os.read(source.fileno(), 65536), b""):
            text = chunk.decode("utf-8", "replace")
            last[:] = [line for line in text.splitlines() if line.strip()][-1:] or last
            target.write(text)
            target.flush()
        source.close()

    thread = threading.Thread(target=copy, daemon=True)
    thread.start()
    return thread


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)  # lets a build be cancelled and a terminal be restored
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _stop_containers(program: str, arguments: Sequence[str], cidfile: Path) -> None:
    """Stop what the interrupted command started: a process 1 without a handler ignores the SIGINT passed on to it."""
    at = _command_at(arguments)
    words = list(arguments)[at:]
    started = [cidfile.read_text()] if cidfile.exists() else []
    if words[:1] == ["start"]:
        started = [word for word in words[1:] if not word.startswith("-")]
    if started:
        done = subprocess.run([program, "stop", "--time", "2", *started], capture_output=True, text=True, check=False)
        print(f"✓ interrupted: stopped {done.stdout.strip()[:12]}" if done.returncode == 0 else "✓ interrupted")
