"""What `%docker` does: run the docker command in the session, with its output as it comes."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import IO, TextIO

from course.errors import CourseError
from course.kernel.made import MADE

LABEL = "slipway.cell"
"""The label on a container that `%docker run` created; its value identifies the run of the cell."""
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
    mark = f"{LABEL}={secrets.token_hex(6)}"
    MADE.command_begins(arguments)
    process = subprocess.Popen(
        [program, *marked(arguments, mark)],
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
        process.send_signal(signal.SIGINT)  # cancels a build; `run` passes it on to the container and waits for that
        stopped = _stop_containers(program, arguments, mark)
        _end(process)
        stopped = stopped or _stop_containers(program, arguments, mark)  # one that was being made meanwhile
        if stopped:
            print(f"✓ interrupted: container {', '.join(stopped)} is stopped")
        raise
    finally:
        for pump in pumps:
            pump.join()
        MADE.command_ended(mark)
    if code:
        raise CommandFailed(" ".join(["docker", *arguments]), code, last[-1] if last else "")


def marked(arguments: Sequence[str], mark: str) -> list[str]:
    """The arguments, with a label on what the command makes, so that it's known when it must be stopped or removed.

    A `--cidfile` would serve for containers, but the command sends its path to the engine, and a session refuses that.
    """
    at = _command_at(arguments)
    words = list(arguments)
    makes: tuple[str, ...] = ("run", "create")
    if words[at : at + 1] in (["container"], ["network"], ["volume"]):
        makes = ("run", "create") if words[at] == "container" else ("create",)
        at += 1
    if words[at : at + 1] and words[at] in makes:
        words[at + 1 : at + 1] = ["--label", mark]
    return words


def _command_at(arguments: Sequence[str]) -> int:
    """The index of the subcommand, after the options of `docker` itself."""
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
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _stop_containers(program: str, arguments: Sequence[str], mark: str) -> list[str]:
    """Stop what the interrupted command started: a process 1 without a handler ignores the SIGINT passed on to it."""
    words = list(arguments)[_command_at(arguments) :]
    words = words[1:] if words[:1] == ["container"] else words
    if words[:1] == ["start"]:
        started = [word for word in words[1:] if not word.startswith("-")]
    else:
        started = _asked([program, "ps", "--quiet", "--filter", f"label={mark}"])
    return _asked([program, "stop", "--time", "2", *started]) if started else []


def _asked(command: Sequence[str]) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
