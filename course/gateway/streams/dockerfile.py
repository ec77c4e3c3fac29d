"""A Dockerfile: parsed with BuildKit's parser, checked, and written again with one line for each instruction.

What the engine is given has no comments, no continuation lines and none of the learner's image names: FROM and COPY
--from hold full image ids, or for BuildKit, which takes names only, references that nobody in a session can write. So
no name can come to mean another image on the way. Every instruction stays on its line, so that the engine's errors
point at the learner's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from course import dockerfile
from course.gateway.policy.limits import MIB
from course.gateway.policy.names import Names
from course.gateway.policy.refusal import Refusal
from course.gateway.streams.frontend import CLASSIC, Frontend
from course.gateway.streams.instruction import Instruction, split
from course.gateway.streams.stages import BaseConfig, Build

LARGEST = MIB // 4
MOST_LINES = 5000
MOST_INSTRUCTIONS = 500  # an image has 127 layers at most, and every session waits while the file is parsed
_ESCAPE = re.compile(r"\s*#\s*escape\s*=\s*(\S*)\s*", re.IGNORECASE)
_STOCK_FRONTEND = re.compile(r"(?:docker\.io/)?docker/dockerfile(?::1(?:\.\d+){0,2})?", re.ASCII)
_SYNTAX = re.compile(r"\s*(?:#|//)\s*syntax\s*=", re.IGNORECASE)


@dataclass(frozen=True)
class Step:
    """One instruction.

    Args:
        text: as the learner wrote it, continuation lines joined.
        line: where it begins, from 1.
        changed: whether the engine was given another text for it.
        given: that text, "" where it's the same.
    """

    text: str
    line: int
    changed: bool = False
    given: str = ""


@dataclass(frozen=True)
class Rewritten:
    """A Dockerfile for the engine.

    Args:
        text: the file.
        steps: its instructions for the learner.
        bases: the ids of the images that it takes from.
        adds: whether an ADD, its own or a trigger of a base image, may unpack an archive of the context.
        words: the learner's word for each image reference in the text.
    """

    text: bytes
    steps: tuple[Step, ...]
    bases: tuple[str, ...]
    adds: bool
    words: Mapping[str, str]


async def rewrite_dockerfile(
    raw: bytes,
    *,
    names: Names,
    base_config: BaseConfig,
    buildargs: Mapping[str, str | None] | None = None,
    builder: Frontend = CLASSIC,
) -> Rewritten:
    """Check a Dockerfile and write it again.

    Args:
        raw: the file.
        names: the session; images are resolved by it.
        base_config: gives an image's Config, for its ONBUILD triggers.
        buildargs: the `buildargs` of the build; a FROM may use them.
        builder: who will read the new file.

    Raises:
        Refusal: 400 with the engine's words for what it would not parse, 403 for what a session may not do, 404 for an
            image that the session does not have.
    """
    escape, instructions = parse(raw, builder)
    build = Build(names, escape, dict(buildargs or {}), builder)
    lines: list[str] = [f"# escape={escape}"] if escape != "\\" else []
    steps: list[Step] = []
    for instruction in instructions:
        text = await build.line(instruction, base_config)
        if text.endswith(escape):
            raise instruction.refusal("it ends in the escape character", "Remove it.", status=400)
        lines += [""] * (instruction.line - 1 - len(lines))
        lines += text.removesuffix("\n").split("\n")
        changed = text != instruction.text
        steps.append(Step(instruction.text, instruction.line, changed, text if changed else ""))
    result = "\n".join(lines).encode() + b"\n"
    _check_same(instructions, result, builder)
    return Rewritten(result, tuple(steps), tuple(dict.fromkeys(build.bases)), build.adds, build.words)


def reader_of(raw: bytes, builders: Sequence[Frontend]) -> Frontend:
    """The first builder that has what a Dockerfile asks for, else the last, whose refusal tells what is wrong."""
    for builder in builders[:-1]:
        try:
            parse(raw, builder)
        except Refusal:
            continue
        return builder
    return builders[-1]


def parse(raw: bytes, builder: Frontend = CLASSIC) -> tuple[str, list[Instruction]]:
    """The escape character and the instructions of a Dockerfile.

    Raises:
        Refusal: as `rewrite_dockerfile`.
    """
    text = _text(raw)
    lines = text.split("\n")
    if len(lines) > MOST_LINES:
        raise Refusal("the Dockerfile", f"more than {MOST_LINES} lines", status=413)
    escape = _directives(lines, builder)
    try:
        commands = dockerfile.parse_string(text)
    except dockerfile.ParseError as error:
        raise Refusal(f"failed to parse Dockerfile: {error}", "", status=400) from error
    if len(commands) > MOST_INSTRUCTIONS:
        raise Refusal("the Dockerfile", f"more than {MOST_INSTRUCTIONS} instructions", status=413)
    instructions: list[Instruction] = []
    for command in commands:
        if command.heredocs and (why := builder.lacks("heredoc")):
            raise Refusal(
                f"Dockerfile line {command.start_line}: {command.original.splitlines()[0][:200]}",
                f"a here-document (<<): {why}",
                "Put the text into a file and COPY it, or use printf.",
            )
        instructions.append(split(command.original.strip(), command.start_line, command.value, builder))
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


def _directives(lines: list[str], builder: Frontend) -> str:
    """The escape character; versions differ in where they look for directives, so it counts on line 1 only."""
    escape = "\\"
    for number, line in enumerate(lines, 1):
        if _SYNTAX.match(line) and not any(map(_is_instruction, lines[: number - 1])):
            _check_syntax(line, number, builder)
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


def _check_syntax(line: str, number: int, builder: Frontend) -> None:
    """BuildKit would run the frontend that a syntax directive names. The engine's own does what docker/dockerfile does,

    so for that the line is left out, like every comment.
    """
    what, name = f"Dockerfile line {number}: {line[:200]}", line.partition("=")[2].strip()
    if not builder.buildkit:
        why = f"a syntax directive asks for BuildKit: {builder.lacks('')}"
        raise Refusal(what, why, "Remove the line.")
    if not _STOCK_FRONTEND.fullmatch(name):
        raise Refusal(what, "a frontend is a program that the engine would run", "Use docker/dockerfile:1, or none.")


def _is_instruction(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _check_same(instructions: list[Instruction], text: bytes, builder: Frontend) -> None:
    """The new file must hold the same instructions on the same lines, or the engine could read something unchecked."""
    if not instructions:
        return
    _, read = parse(text, builder)
    again = [(one.name, one.line, _body(one)) for one in read]
    if again != [(one.name, one.line, _body(one)) for one in instructions]:
        raise Refusal(
            "the Dockerfile", "it cannot be read in one way only", "Write one instruction a line.", status=400
        )


def _body(instruction: Instruction) -> str:
    """The here-documents of an instruction, which reach the builder as they were written."""
    return instruction.text.partition("\n")[2].rstrip("\n")
