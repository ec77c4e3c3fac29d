"""A build as a stream of typed events: what a cell shows, and what a widget can draw."""

from __future__ import annotations

import re
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course.engine.build_stream import BuildStream, LastLines, Output, StepNews, plain
from course.engine.instructions import Instruction, instruction_at, instructions_of
from course.errors import CourseError

if TYPE_CHECKING:
    from docker import DockerClient

_WITHOUT_A_LAYER = "ARG CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL MAINTAINER ONBUILD SHELL STOPSIGNAL USER VOLUME"
_NO_LAYER = frozenset(_WITHOUT_A_LAYER.split())


@dataclass(frozen=True)
class StepStarted:
    """An instruction begins. `number` counts from 1; `line` is its line in the Dockerfile, None if unknown."""

    number: int
    total: int
    instruction: str
    line: int | None


@dataclass(frozen=True)
class StepOutput:
    """An instruction printed something."""

    number: int
    text: str


@dataclass(frozen=True)
class StepDone:
    """An instruction has ended well, from the cache or by being run, after so many seconds.

    `image_id` is the image after it, as short as the engine prints it ("" where it does not).
    """

    number: int
    cached: bool
    seconds: float
    image_id: str = ""


@dataclass(frozen=True)
class StepFailed:
    """An instruction failed; the next thing that the iterator does is to raise `BuildFailed`.

    `number` is 0 when the build was refused before its first instruction.
    """

    number: int
    line: int | None
    message: str


@dataclass(frozen=True)
class BuildDone:
    """The image exists: its id, its names, seconds in all, and how many of the steps came from the cache."""

    image_id: str
    tags: tuple[str, ...]
    seconds: float
    steps: int
    cached: int


BuildEvent = StepStarted | StepOutput | StepDone | StepFailed | BuildDone


def build(
    context: Path,
    tags: Sequence[str],
    *,
    dockerfile: str = "Dockerfile",
    nocache: bool = False,
    buildargs: Mapping[str, str] | None = None,
    client: DockerClient | None = None,
) -> Generator[BuildEvent, None, None]:
    """Build an image and yield what happens, as it happens.

    Closing the iterator (or interrupting the cell that consumes it) cancels the build: the engine ends a classic
    build when its client goes away.

    Args:
        context: the folder whose files the Dockerfile may copy; its `.dockerignore` counts.
        tags: the image's names, at least one.
        dockerfile: the file's path, relative to the context.
        nocache: run every instruction, whatever the cache holds.
        buildargs: values for the Dockerfile's ARG instructions.
        client: the engine; None uses `docker.from_env()`, which is the session.

    Yields:
        `StepStarted`, `StepOutput`…, `StepDone` for each instruction, then `BuildDone`; or `StepFailed`.

    Raises:
        BuildFailed: an instruction failed, or the Dockerfile was refused.
        EngineError: no engine answers.
        CourseError: a tag is not a name that an image can have.
    """
    import docker
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException

    from course.engine.errors import translate

    for tag in tags:
        _check_name(tag)
    text = (context / dockerfile).read_text("utf-8", "replace")  # the session says what it thinks of other encodings
    reading = _Reading(instructions_of(text), text.splitlines(), context)
    try:
        with nullcontext(client) if client else closing(docker.from_env()) as engine:
            yield from reading.events(_messages(engine, context, tags[0], dockerfile, nocache, buildargs))
            image = engine.images.get(reading.image_id)
            for tag in tags[1:]:
                image.tag(tag)
    except APIError as error:
        refusal = str(error.explanation or error)
        yield reading.failed(refusal)
        raise reading.failure(refusal) from error
    except (DockerException, RequestException) as error:
        raise translate(error) from error
    cached = sum(step.cached for step in reading.done)
    yield BuildDone(str(image.id), tuple(tags), time.monotonic() - reading.began, len(reading.done), cached)


def _check_name(tag: str) -> None:
    from docker.utils import match_tag

    if not match_tag(tag):
        raise CourseError(
            "an image name of lowercase letters, digits, and single . _ - between them, such as shop:1",
            repr(tag),
            "choose such a name; only the part after the colon may have capitals",
        )


def _messages(
    engine: DockerClient,
    context: Path,
    tag: str,
    dockerfile: str,
    nocache: bool,
    buildargs: Mapping[str, str] | None,
) -> Generator[Mapping[str, Any], None, None]:
    """The engine's messages; the answer is closed whatever ends the iteration, which is what cancels the build."""
    answers: list[Any] = []
    hooks = engine.api.hooks["response"]  # an APIClient is a requests.Session

    def hook(response: Any, **_: object) -> None:
        answers.append(response)

    hooks.append(hook)
    try:
        yield from engine.api.build(
            path=str(context),
            tag=tag,
            dockerfile=dockerfile,
            nocache=nocache,
            buildargs=dict(buildargs or {}),
            rm=True,
            forcerm=True,
            decode=True,
        )
    finally:
        hooks.remove(hook)
        for answer in answers:
            answer.close()


@dataclass
class _Reading:
    """The state of reading one build's messages."""

    instructions: Sequence[Instruction]
    source: Sequence[str]
    context: Path
    began: float = field(default_factory=time.monotonic)
    image_id: str = ""
    _stream: BuildStream = field(default_factory=BuildStream)
    done: list[StepDone] = field(default_factory=list)
    step: StepStarted | None = None
    _since: float = 0.0
    _cached: bool = False
    _after: str = ""
    _output: LastLines = field(default_factory=LastLines)

    def events(self, messages: Generator[Mapping[str, Any], None, None]) -> Iterator[BuildEvent]:
        with closing(messages):
            for message in messages:
                if "error" in message:
                    yield self.failed(str(message["error"]))
                    raise self.failure(str(message["error"]))
                yield from self._read(message)
        yield from self._end_step()
        yield from self._settings()

    def failed(self, message: str) -> StepFailed:
        line = self.step.line if self.step else _line_in(message)
        return StepFailed(self.step.number if self.step else 0, line, message)

    def failure(self, message: str) -> Exception:
        from course.engine.advice import next_step
        from course.engine.errors import BuildFailed

        line = self.step.line if self.step else _line_in(message)
        instruction = self.step.instruction if self.step else ""
        if not instruction and line and line <= len(self.source):
            instruction = self.source[line - 1].strip()
        return BuildFailed(
            instruction,
            line,
            str(self._output),
            message,
            try_next=next_step(message, f"the folder {self.context.name!r}", self.context, instruction),
        )

    def _read(self, message: Mapping[str, Any]) -> Iterator[BuildEvent]:
        news = self._stream.read(message)
        self.image_id = self._stream.image_id
        match news:
            case StepNews(state="started" | "cached", text=text) if text:
                number = self._number(news)
                if self.step is None or self.step.number != number:
                    yield from self._end_step()
                    yield self._begin_step(number, news)
                self._cached = news.state == "cached"
            case StepNews(state="cached"):
                self._cached = True
            case StepNews(state="done", text=""):
                self._after = news.image
            case StepNews(state="done") if self.step and self.step.number == self._number(news):
                yield from self._end_step()
            case Output(text) if self.step:
                self._output.add(text)
                yield StepOutput(self.step.number, plain(text))

    def _number(self, news: StepNews) -> int:
        """A step's place in the Dockerfile: BuildKit counts in each stage, and only what makes layers."""
        at = [place for place, one in enumerate(self.instructions, 1) if one.line == news.line]
        return at[0] if at else news.number

    def _begin_step(self, number: int, news: StepNews) -> StepStarted:
        self._since, self._cached, self._after = time.monotonic(), False, ""
        self._output.clear()
        line = news.line or instruction_at(self.instructions, number, news.text)
        total = len(self.instructions) if news.line else news.total
        self.step = StepStarted(number, total, news.text, line)
        return self.step

    def _end_step(self) -> Iterator[BuildEvent]:
        if self.step is not None:
            self.done.append(StepDone(self.step.number, self._cached, time.monotonic() - self._since, self._after))
            self.step = None
            yield self.done[-1]

    def _settings(self) -> Iterator[BuildEvent]:
        """The instructions that BuildKit tells no step of, as they make no layer: they end with the build."""
        if not self._stream.buildkit:
            return
        told = {step.number for step in self.done}
        stage = range(0)
        for number, one in enumerate(self.instructions, 1):
            if one.keyword == "FROM":
                rest = [n for n, i in enumerate(self.instructions, 1) if i.keyword == "FROM" and n > number]
                stage = range(number, rest[0] if rest else len(self.instructions) + 1)
            if number not in told and one.keyword in _NO_LAYER and (not stage or told & set(stage)):
                yield StepStarted(number, len(self.instructions), one.text, one.line)
                yield StepDone(number, False, 0.0)


def _line_in(message: str) -> int | None:
    """The line that a refusal names: "dockerfile parse error line 3: …" (engine), "Dockerfile line 3: …" (session)."""
    found = re.search(r"dockerfile(?: parse error(?: on)?)? line (\d+)", message, re.IGNORECASE)
    return int(found[1]) if found else None
