"""Reading the log of a container: bounded, and as text."""

from __future__ import annotations

from dataclasses import dataclass

from grader.checks.trial import Trial

MOST = 4 * 1024 * 1024  # bytes of a log that a check looks at
LAST_LINES = 5


@dataclass(frozen=True)
class Log:
    """What a container wrote, as text; bytes that are not UTF-8 are replaced."""

    out: str
    err: str

    @property
    def both(self) -> str:
        return self.out + self.err

    @property
    def last(self) -> str:
        """The last lines, for a message: those of standard error first where there are any."""
        lines = (self.err.strip() or self.out.strip()).splitlines()[-LAST_LINES:]
        return "\n".join(lines) or "(nothing)"


def read(trial: Trial, container_id: str, machine: str = "") -> Log:
    """Read the log so far. With a terminal the engine has one stream only; it is taken as standard output."""
    return Log(_stream(trial, container_id, machine, "stdout"), _stream(trial, container_id, machine, "stderr"))


def _stream(trial: Trial, container_id: str, machine: str, which: str) -> str:
    api = trial.client(machine).api
    chunks = api.logs(container_id, stdout=which == "stdout", stderr=which == "stderr", stream=True, follow=False)
    kept = bytearray()
    try:
        for chunk in chunks:
            kept += chunk
            if len(kept) >= MOST:
                break
    finally:
        chunks.close()
    return bytes(kept[:MOST]).decode("utf-8", "replace")
