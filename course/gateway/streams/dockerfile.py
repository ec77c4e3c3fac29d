"""A Dockerfile: parsed with BuildKit's parser, checked, and written anew with one line for each instruction.

What the engine is given has no comments, no continuation lines and no image names: FROM and COPY --from hold full image
ids, so no name can come to mean another image on the way. Every instruction stays on its line, so that the engine's
errors point at the learner's.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import dockerfile

from course.gateway.policy.limits import MIB
from course.gateway.policy.names import Names
from course.gateway.policy.refusal import Refusal
from course.gateway.streams.instruction import Instruction, split, written
from course.gateway.streams.variables import expand

BaseConfig = Callable[[str], Awaitable[Mapping[str, Any]]]  # full image id -> the image's Config ({} when it has none)

LARGEST = MIB
SCRATCH = "scratch"
_ESCAPE = re.compile(r"\s*#\s*escape\s*=\s*(\S*)\s*", re.IGNORECASE)
_SYNTAX = re.compile(r"\s*(?:#|//)\s*syntax\s*=", re.IGNORECASE)
_STAGE = re.compile(r"[a-z][a-z0-9-_.]*", re.ASCII)
_INDEX = re.compile(r"[0-9]{1,4}", re.ASCII)
_FULL_ID = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


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
    build = _Build(names, escape, dict(buildargs or {}))
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
    escape = _directives(text.split("\n"))
    try:
        commands = dockerfile.parse_string(text)
    except dockerfile.GoParseError as error:
        raise Refusal(f"failed to parse Dockerfile: {error}", "", status=400) from error
    instructions: list[Instruction] = []
    for command in commands:
        if command.heredocs:
            raise Refusal(
                f"Dockerfile line {command.start_line}: {command.original.splitlines()[0][:200]}",
                "a here-document (<<) is a feature of BuildKit, and a session builds with the classic builder",
                "Put the text into a file and COPY it, or use printf.",
            )
        # `original` is None for a line of nothing but an escape character
        instructions.append(split((command.original or "").strip(), command.start_line, tuple(command.value)))
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


class _Build:
    """The stages of one Dockerfile while it is read from top to bottom."""

    def __init__(self, names: Names, escape: str, buildargs: dict[str, str | None]) -> None:
        self._names, self._escape, self._buildargs = names, escape, buildargs
        self._least_health = names.policy.limits.health_interval
        self._arguments: dict[str, str] = {}  # ARG before the first FROM
        self._stages: list[str] = []  # the name of each stage that has begun, "" for none
        self.bases: list[str] = []
        self.adds = False

    async def line(self, instruction: Instruction, base_config: BaseConfig) -> str:
        """The engine's line for the next instruction."""
        self.adds = self.adds or instruction.name in ("ADD", "ONBUILD")
        if instruction.name == "FROM":
            return await self._from(instruction, base_config)
        if not self._stages:
            if instruction.name != "ARG":
                raise Refusal("no build stage in current context", "", status=400)
            self._remember(instruction)
        if instruction.name == "ONBUILD":
            inner = _trigger(instruction.rest, instruction.line, self._escape)
            return f"{instruction.text.split(None, 1)[0]} {written(inner, self._image_only, self._least_health)}"
        return written(instruction, self._stage_or_image, self._least_health)

    async def _from(self, instruction: Instruction, base_config: BaseConfig) -> str:
        words = instruction.words
        if len(words) not in (1, 3) or (len(words) == 3 and words[1].lower() != "as"):
            raise _parse_error(instruction, "FROM requires either one or three arguments")
        stage = words[2].lower() if len(words) == 3 else ""
        if stage and not _STAGE.fullmatch(stage):
            reason = "name can't start with a number or contain symbols"
            raise _parse_error(instruction, f'invalid name for build stage: "{words[2][:100]}", {reason}')
        _check_platform(instruction)
        name = expand(words[0], self._arguments, self._escape, instruction)
        if not name:
            raise instruction.refusal("base name should not be blank", status=400)
        if name.lower() in filter(None, self._stages):
            base = name.lower()
        elif name == SCRATCH:
            base = SCRATCH
        else:
            base = self._image(instruction, name)
            await self._check_triggers(instruction, await base_config(base))
        self._stages.append(stage)
        return f"FROM {base} AS {stage}" if stage else f"FROM {base}"

    def _remember(self, instruction: Instruction) -> None:
        for word in instruction.words:
            name, equals, default = word.partition("=")
            given = self._buildargs.get(name)
            if given is not None:
                self._arguments[name] = given
            elif equals:
                self._arguments[name] = expand(default, self._arguments, self._escape, instruction)

    def _image(self, instruction: Instruction, name: str) -> str:
        try:
            found = self._names.image(name)
        except Refusal as error:
            raise Refusal(
                f"Dockerfile line {instruction.line}: {error.what}", error.why, error.instead, error.status
            ) from error
        if not _FULL_ID.fullmatch(found):
            raise ValueError(f"expected a full image id for {name!r}, observed {found!r}")
        self.bases.append(found)
        return found

    def _stage_or_image(self, instruction: Instruction, source: str) -> str:
        """COPY --from: the name or the index of an earlier stage, else an image."""
        _check_constant(instruction, source)
        before = self._stages[:-1]
        if source.lower() in filter(None, before):
            return source.lower()
        if _INDEX.fullmatch(source):
            if int(source) < len(before):
                return str(int(source))
            here = int(source) == len(before)
            reason = "refers to current build stage" if here else "index out of bounds"
            raise instruction.refusal(f"invalid from flag value {source}: {reason}", status=400)
        return self._image(instruction, source)

    def _image_only(self, instruction: Instruction, source: str) -> str:
        """COPY --from in a trigger: it is run in another build, whose stages are not known here."""
        _check_constant(instruction, source)
        return self._image(instruction, source)

    async def _check_triggers(self, instruction: Instruction, config: Mapping[str, Any]) -> None:
        """The ONBUILD triggers of a base image are run by the engine as they are: each must need no change."""
        for text in config.get("OnBuild") or ():
            trigger = _trigger(str(text), instruction.line, "\\")
            self.adds = self.adds or trigger.name == "ADD"
            if written(trigger, self._own_id, self._least_health).split() != str(text).split():
                raise instruction.refusal(
                    f"its base image has the trigger ONBUILD {str(text)[:100]}, which may not be used"
                )

    def _own_id(self, instruction: Instruction, source: str) -> str:
        if not _FULL_ID.fullmatch(source):
            raise instruction.refusal("a trigger of the base image may copy from a full image id only")
        return self._image(instruction, source)


def _trigger(text: str, line: int, escape: str) -> Instruction:
    """The instruction behind ONBUILD, or of a base image's configuration.

    Raises:
        Refusal: 400 or 403.
    """
    escaped = f"# escape={escape}\n"
    if "\n" in text or "\r" in text or "\0" in text:
        raise Refusal(f"Dockerfile line {line}: ONBUILD", "a trigger of more than one line", status=400)
    try:
        commands = dockerfile.parse_string(escaped + text + "\n")
    except dockerfile.GoParseError as error:
        raise Refusal(f"Dockerfile line {line}: ONBUILD: {error}", "", status=400) from error
    if len(commands) != 1 or commands[0].heredocs or text.rstrip().endswith(("\\", escape)):
        raise Refusal(f"Dockerfile line {line}: ONBUILD", "a trigger must be one instruction on one line", status=400)
    trigger = split(commands[0].original.strip(), line, tuple(commands[0].value))
    if trigger.name in ("FROM", "MAINTAINER", "ONBUILD"):
        raise Refusal(
            f"dockerfile parse error line {line}: {trigger.name} isn't allowed as an ONBUILD trigger", "", status=400
        )
    return trigger


def _check_constant(instruction: Instruction, source: str) -> None:
    if not source or "$" in source:
        raise instruction.refusal(
            "the classic builder takes no variable in COPY --from", "Write its value.", status=400
        )


def _check_platform(instruction: Instruction) -> None:
    wanted = instruction.flag("platform")
    if wanted is None:
        return
    own = _ARCHITECTURES.get(platform.machine(), platform.machine())
    if wanted.lower() not in ("linux", own, f"linux/{own}"):
        raise instruction.refusal(f"a session runs images for linux/{own} only", "Leave --platform out.")


def _parse_error(instruction: Instruction, message: str) -> Refusal:
    return Refusal(f"dockerfile parse error line {instruction.line}: {message}", "", status=400)
