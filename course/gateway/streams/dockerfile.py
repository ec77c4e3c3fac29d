"""A Dockerfile: parsed with BuildKit's parser, checked, and written anew with one line for each instruction.

What the engine is given has no comments, no continuation lines and no image names: FROM and COPY --from hold full image
ids, so no name can come to mean another image on the way. Every instruction stays on its line, so that the engine's
errors point at the learner's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from course import dockerfile
from course.gateway.policy.limits import MIB
from course.gateway.policy.names import Names
from course.gateway.policy.refusal import Refusal
from course.gateway.streams.instruction import Instruction, split
from course.gateway.streams.stages import BaseConfig, Build

LARGEST = MIB // 4
MOST_LINES = 5000
MOST_INSTRUCTIONS = 500  # an image has 127 layers at most, and every session waits while the file is parsed
_ESCAPE = re.compile(r"\s*#\s*escape\s*=\s*(\S*)\s*", re.IGNORECASE)
_SYNTAX = re.compile(r"\s*(?:#|//)\s*syntax\s*=", re.IGNORECASE)


@dataclass(frozen=True)
class Step:
    """One instruction.

    Args:
        text: as the learner wrote it, continuation lines joined.
        line: where it begins, from 1.
        changed: whether the engine was given another text for it.
    """

    text: str
    line: int
    changed: bool = False


@dataclass(frozen=True)
class Rewritten:
    """A Dockerfile for the engine.

    Args:
        text: the file.
        steps: its instructions for the learner.
        bases: the ids of the images that it takes from.
        adds: whether an ADD, its own or a trigger of a base image, may unpack an archive of the context.
    """

    text: bytes
    steps: tuple[Step, ...]
    bases: tuple[str, ...]
    adds: bool


async def rewrite_dockerfile(
    raw: bytes, *, names: Names, base_config: BaseConfig, buildargs: Mapping[str, str | None] | None = None
) -> Rewritten:
    """Check a Dockerfile and write it anew.

    Args:
        raw: the file.
        names: the session; images are resolved by it.
        base_config: gives an image's Config, for its ONBUILD triggers.
        buildargs: the `buildargs` of the build; a FROM may use them.

    Raises:
        Refusal: 400 with the engine's words for what it would not parse, 403 for what a session may not do, 404 for an
            image that the session does not have.
    """
    escape, instructions = parse(raw)
    build = Build(names, escape, dict(buildargs or {}))
    lines: list[str] = [f"# escape={escape}"] if escape != "\\" else []
    steps: list[Step] = []
    for instruction in instructions:
        text = await build.line(instruction, base_config)
        if text.endswith(escape):
            raise instruction.refusal("it ends in the escape character", "Remove it.", status=400)
        lines += [""] * (instruction.line - 1 - len(lines))
        lines.append(text)
        steps.append(Step(instruction.text, instruction.line, text != instruction.text))
    result = "\n".join(lines).encode() + b"\n"
    _check_same(instructions, result)
    return Rewritten(result, tuple(steps), tuple(dict.fromkeys(build.bases)), build.adds)


def parse(raw: bytes) -> tuple[str, list[Instruction]]:
    """The escape character and the instructions of a Dockerfile.

    Raises:
        Refusal: as `rewrite_dockerfile`.
    """
    text = _text(raw)
    lines = text.split("\n")
    if len(lines) > MOST_LINES:
        raise Refusal("the Dockerfile", f"more than {MOST_LINES} lines", status=413)
    escape = _directives(lines)
    try:
        commands = dockerfile.parse_string(text)
    except dockerfile.ParseError as error:
        raise Refusal(f"failed to parse Dockerfile: {error}", "", status=400) from error
    if len(commands) > MOST_INSTRUCTIONS:
        raise Refusal("the Dockerfile", f"more than {MOST_INSTRUCTIONS} instructions", status=413)
    instructions: list[Instruction] = []
    for command in commands:
        if command.heredocs:
            raise Refusal(
                f"Dockerfile line {command.start_line}: {command.original.splitlines()[0][:200]}",
                "a here-document (<<) is a feature of BuildKit, and a session builds with the classic builder",
                "Put the text into a file and COPY it, or use printf.",
            )
        instructions.append(split(command.original.strip(), command.start_line, command.value))
    return escape, instructions


def _text(raw: bytes) -> str:
    if len(raw) > LARGEST:
        raise Refusal("the Dockerfile", f"larger than {LARGEST} bytes", status=413)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refusal("the Dockerfile", f"it is not UTF-8 at byte {error.start}", status=400) from error
    text = text.replace("\r\n", "\n").removesuffix("\r")
    if "\0" in text or "\r" in text:
        raise Refusal("the Dockerfile", "it holds a NUL or a lone carriage return", status=400)
    return text


def _directives(lines: list[str]) -> str:
    """The escape character; versions differ in where they look for directives, so it counts on line 1 only."""
    escape = "\\"
    for number, line in enumerate(lines, 1):
        if _SYNTAX.match(line) and not any(map(_is_instruction, lines[: number - 1])):
            raise Refusal(
                f"Dockerfile line {number}: {line[:200]}",
                "a syntax directive asks for BuildKit, and a session builds with the classic builder",
                "Remove the line.",
            )
        if found := _ESCAPE.fullmatch(line):
            if found[1] not in ("\\", "`") or (number > 1 and not any(map(_is_instruction, lines[: number - 1]))):
                raise Refusal(
                    f"Dockerfile line {number}: {line[:200]}",
                    "the escape directive counts on line 1 only, with \\ or `",
                    status=400,
                )
            if number == 1:
                escape = found[1]
        if line.rstrip().endswith(escape * 2) and not line.lstrip().startswith("#"):
            raise Refusal(
                f"Dockerfile line {number}: {line[:200]}",
                "engines differ in how they read a line that ends in two escape characters",
                "Put the text into a file and COPY it.",
                status=400,
            )
    return escape


def _is_instruction(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _check_same(instructions: list[Instruction], text: bytes) -> None:
    """The new file must hold the same instructions on the same lines, or the engine could read something unchecked."""
    if not instructions:
        return
    again = [(command.cmd.upper(), command.start_line) for command in dockerfile.parse_string(text.decode())]
    if again != [(instruction.name, instruction.line) for instruction in instructions]:
        raise Refusal(
            "the Dockerfile", "it cannot be read in one way only", "Write one instruction a line.", status=400
        )
