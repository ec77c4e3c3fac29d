"""The stages of a Dockerfile: what FROM and COPY --from mean, and the triggers of base images."""

from __future__ import annotations

import platform
import posixpath
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from course import dockerfile
from course.gateway.policy.names import Names
from course.gateway.policy.refusal import Refusal
from course.gateway.streams.frontend import CLASSIC, HIDDEN, Frontend
from course.gateway.streams.instruction import Instruction, split, written
from course.gateway.streams.variables import expand

BaseConfig = Callable[[str], Awaitable[Mapping[str, Any]]]  # full image id -> the image's Config ({} when it has none)

SCRATCH = "scratch"
MOST_TRIGGERS = 100  # each is parsed while every session waits
_STAGE = re.compile(r"[a-z][a-z0-9-_.]*", re.ASCII)
_INDEX = re.compile(r"[0-9]{1,4}", re.ASCII)
_FULL_ID = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


class Build:
    """The stages of one Dockerfile while it is read from top to bottom."""

    def __init__(
        self, names: Names, escape: str, buildargs: dict[str, str | None], builder: Frontend = CLASSIC
    ) -> None:
        self._names, self._escape, self._buildargs, self._builder = names, escape, buildargs, builder
        self._least_health = names.policy.limits.health_interval
        self._arguments: dict[str, str] = {}  # ARG before the first FROM
        self._stages: list[str] = []  # the name of each stage that has begun, "" for none
        self.bases: list[str] = []
        self.words: dict[str, str] = {}  # the learner's word for each reference that the engine was given
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
        text = written(instruction, self._stage_or_image, self._least_health)
        if self._builder.hides and _may_copy_all(instruction):
            return replace(instruction, flags=(*instruction.flags, ("exclude", HIDDEN))).written()
        return text

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
            await self._check_triggers(instruction, await base_config(self.bases[-1]))
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
            instead = error.instead or "Build, pull or load it first, or use a base image of the course."
            raise Refusal(
                f"Dockerfile line {instruction.line}: {error.what}", error.why, instead, error.status
            ) from error
        if not _FULL_ID.fullmatch(found):
            raise ValueError(f"expected a full image id for {name!r}, observed {found!r}")
        self.bases.append(found)
        if not self._builder.buildkit:
            return found
        reference = self._names.image_reference(found)
        self.words[reference] = name
        return reference

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
        if self._builder.buildkit:
            raise instruction.refusal("a trigger may not copy from another image", "Copy from it in a stage.")
        return self._image(instruction, source)

    async def _check_triggers(self, instruction: Instruction, config: Mapping[str, Any]) -> None:
        """The ONBUILD triggers of a base image are run by the engine as they are: each must need no change."""
        triggers = config.get("OnBuild") or ()
        if len(triggers) > MOST_TRIGGERS:
            raise instruction.refusal(f"its base image has more than {MOST_TRIGGERS} triggers", status=413)
        for text in triggers:
            trigger = _trigger(str(text), instruction.line, "\\")
            self.adds = self.adds or trigger.name == "ADD"
            if written(trigger, self._own_id, self._least_health).split() != str(text).split():
                raise instruction.refusal(
                    f"its base image has the trigger ONBUILD {str(text)[:100]}, which may not be used"
                )

    def _own_id(self, instruction: Instruction, source: str) -> str:
        if not _FULL_ID.fullmatch(source) or self._builder.buildkit:
            raise instruction.refusal("a trigger of the base image may copy from a full image id only, if at all")
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
    except dockerfile.ParseError as error:
        raise Refusal(f"Dockerfile line {line}: ONBUILD: {error}", "", status=400) from error
    if len(commands) != 1 or commands[0].heredocs or text.rstrip().endswith(("\\", escape)):
        raise Refusal(f"Dockerfile line {line}: ONBUILD", "a trigger must be one instruction on one line", status=400)
    trigger = split(commands[0].original.strip(), line, commands[0].value)
    if trigger.name in ("FROM", "MAINTAINER", "ONBUILD"):
        raise Refusal(
            f"dockerfile parse error line {line}: {trigger.name} isn't allowed as an ONBUILD trigger", "", status=400
        )
    return trigger


def _may_copy_all(instruction: Instruction) -> bool:
    """Whether COPY or ADD may copy what lies at the root of the context, under whatever name."""
    if instruction.name not in ("COPY", "ADD") or instruction.flag("from") is not None:
        return False
    return any(
        any(letter in source for letter in "*?[$\\") or posixpath.normpath(f"/{source}") in ("/", "//")
        for source in instruction.words[:-1]
    )


def _check_constant(instruction: Instruction, source: str) -> None:
    if not source or "$" in source:
        raise instruction.refusal("a session takes no variable in COPY --from", "Write its value.", status=400)


def _check_platform(instruction: Instruction) -> None:
    wanted = instruction.flag("platform")
    if wanted is None:
        return
    own = _ARCHITECTURES.get(platform.machine(), platform.machine())
    if wanted.lower() not in ("linux", own, f"linux/{own}"):
        raise instruction.refusal(f"a session runs images for linux/{own} only", "Leave --platform out.")


def _parse_error(instruction: Instruction, message: str) -> Refusal:
    return Refusal(f"dockerfile parse error line {instruction.line}: {message}", "", status=400)
