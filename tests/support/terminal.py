"""A command in a terminal of its own, as a person starts it: what it prints is read, and Ctrl-C is a key."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType

CTRL_C = b"\x03"
_STYLE = re.compile(r"\x1b(?:\[[0-9;]*[A-Za-z]|\([A-Z])")


class Terminal:
    """A pseudo-terminal and the command in it. A context manager; at its end the command is killed.

    Args:
        command: what to start.
        environment: all of its variables.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command, self._environment = command, environment
        self._seen = bytearray()

    def __enter__(self) -> Terminal:
        self._keyboard, screen = pty.openpty()
        # the shell makes the terminal its own, so that Ctrl-C reaches the command and all that it waits for
        self._process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", *self._command],
            stdin=screen,
            stdout=screen,
            stderr=screen,
            env=self._environment,
        )
        os.close(screen)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with suppress(ProcessLookupError, ChildProcessError):
            self._process.send_signal(signal.SIGTERM)
        os.close(self._keyboard)  # the command's terminal is gone: it gets SIGHUP
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(20)
        self._process.kill()
        self._process.wait()

    @property
    def text(self) -> str:
        """What was printed up to now, without colours."""
        return _STYLE.sub("", self._seen.decode(errors="replace")).replace("\r", "")

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self._keyboard, keys)

    def read_until(self, pattern: str, seconds: float) -> str:
        """Read on until the text holds this; what it matched.

        Raises:
            AssertionError: it did not come in time, or the command ended before.
        """
        return self._read(pattern, seconds)

    def read_to_the_end(self, seconds: float) -> str:
        """Read on until the command has ended; all of its text."""
        self._read(None, seconds)
        self._process.wait(seconds)
        return self.text

    def read_what_came(self) -> str:
        """Read what was printed meanwhile, so that the terminal is never full; all of the text."""
        while select.select([self._keyboard], [], [], 0)[0] and self._take():
            pass
        return self.text

    def _read(self, pattern: str | None, seconds: float) -> str:
        end = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self.text) if pattern else None
            if found:
                return found.group()
            left = end - time.monotonic()
            assert left > 0, f"{pattern} did not come:\n{self.text[-3000:]}"
            if select.select([self._keyboard], [], [], left)[0] and not self._take():
                assert pattern is None, f"it ended without {pattern}:\n{self.text[-3000:]}"
                return ""

    def _take(self) -> bool:
        """Read what is there; False when the command has ended."""
        try:
            piece = os.read(self._keyboard, 65536)
        except OSError:  # EIO: nobody has the terminal open any more (pty(7))
            return False
        self._seen += piece
        return bool(piece)
