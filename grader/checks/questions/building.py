"""Building a learner's Dockerfile: bounded, watched step by step, and taken away again."""

from __future__ import annotations

import math
import os
import re
import stat
import time
from collections.abc import Generator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course.engine.build_stream import BuildStream, Output, StepNews
from grader.checks.check import Unmet, failed, not_attempted
from grader.checks.executing import too_slow
from grader.checks.named import Dockerfile
from grader.checks.polling import until
from grader.checks.questions.instructions import IGNORE, inside, instructions
from grader.checks.source import Source
from grader.checks.starting import remove
from grader.checks.trial import Trial

WITHIN = 120.0  # seconds for a build that another check needs
MEMORY = 512 * 1024 * 1024  # bytes for one RUN step, outside a session; in a session the gateway sets its own
LARGEST_CONTEXT = 256 * 1024 * 1024  # bytes
MOST_FILES = 20_000
LAST_LINES = 5
UNTIL_GONE = 5.0  # seconds

_RUNS_IN = re.compile(r"^ ---> Running in ([0-9a-f]{12})")


@dataclass
class Step:
    """One instruction as the engine ran it."""

    number: int
    text: str
    cached: bool = False
    line: int | None = None


@dataclass
class Build:
    """What a build gave.

    `made` are the ids of the images that it went through, `ran_in` those of the containers of its RUN instructions.
    """

    image_id: str = ""
    steps: list[Step] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    output: list[str] = field(default_factory=list)
    ran_in: list[str] = field(default_factory=list)
    stream: BuildStream = field(default_factory=BuildStream)


def builds(subject: Dockerfile, within: float, trial: Trial) -> str:
    """It builds in time."""
    done = build(trial, subject.source, subject.machine, within)
    return f"{len(done.steps)} steps"


def build(trial: Trial, source: Source, machine: str, within: float = WITHIN) -> Build:
    """Build a Dockerfile, once a trial; what the build made is removed at the end of the trial.

    Raises:
        Unmet: `build.failed` with the instruction and its line, `build.too_slow`, `build.context`, `build.syntax`,
            and what `instructions` raises.
    """
    key = ("build", machine, source)
    if key not in trial.memo:
        try:
            lines = [step.start_line for step in instructions(trial, source)]
            trial.memo[key] = build_folder(
                trial, inside(trial, source.context), inside(trial, source.file), machine, within, lines
            )
        except Unmet as unmet:
            trial.memo[key] = unmet
    done = trial.memo[key]
    if isinstance(done, Unmet):
        raise done
    kept: Build = done
    return kept


def build_folder(trial: Trial, context: Path, file: Path, machine: str, within: float, lines: list[int]) -> Build:
    """Build a folder; what is new on the engine after it is removed at the end of the trial.

    Args:
        lines: the line of each instruction, to name the one that fails.
    """
    from docker.errors import APIError
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    weigh(context)
    before = frozenset(entry["Id"] for entry in trial.client(machine).api.images(all=True))
    done = Build()
    trial.on_exit.callback(_take_away, trial, machine, before, done)
    deadline = time.monotonic() + within
    try:
        with closing(_events(trial, context, file, machine, within)) as events:
            for said in events:
                if time.monotonic() > deadline:
                    raise failed("build.too_slow", seconds=f"{within:g}", instruction=_last_step(done))
                _read(said, done)
                if "error" in said:
                    raise _failure(done, str(said["error"]), lines)
    except APIError as error:
        if error.status_code == 400:
            raise failed("build.syntax", path=file.name, reason=error.explanation or error) from None
        raise
    except (RequestException, HTTPError):
        # No output for a while: a step that hangs, or an engine that does.
        raise too_slow(trial, machine, "build.too_slow", seconds=f"{within:g}", instruction=_last_step(done)) from None
    if not done.image_id:
        raise _failure(done, "the build ended without an image", lines)
    return done


def _events(
    trial: Trial, context: Path, file: Path, machine: str, within: float
) -> Generator[dict[str, Any], None, None]:
    limits: Any = None if "SLIPWAY_SESSION" in os.environ else {"memory": MEMORY, "memswap": MEMORY}
    name = os.path.relpath(file, context)
    events: Generator[dict[str, Any], None, None] = trial.client(machine).api.build(
        path=str(context),
        dockerfile=name if not name.startswith("..") else str(file),
        rm=True,
        forcerm=True,
        decode=True,
        timeout=math.ceil(within),
        container_limits=limits,
    )
    return events


def _read(said: dict[str, Any], done: Build) -> None:
    news = done.stream.read(said)
    done.image_id = done.stream.image_id
    text = str(said.get("stream") or "")
    match news:
        case StepNews(text=shown) if shown:
            step = next((one for one in done.steps if done.stream.buildkit and one.text == shown), None)
            if step is None:
                step = Step(news.number, shown, line=news.line)
                done.steps.append(step)
            step.cached = step.cached or news.state == "cached"
            if news.state == "failed":  # stages run side by side: the one that failed is not always the newest
                done.steps.append(done.steps.pop(done.steps.index(step)))
        case StepNews(state="cached") if done.steps:
            done.steps[-1].cached = True
        case StepNews(state="done", image=image) if image:
            done.made.append(image)
        case Output(text):
            done.output.append(text.rstrip()[-400:])
            del done.output[:-50]
        case None if ran_in := _RUNS_IN.match(text):
            done.ran_in.append(ran_in[1])


def _wait_until_gone(trial: Trial, machine: str, container_id: str) -> None:
    """A build that was broken off takes its container away itself, within seconds; after that it is done here."""
    from docker.errors import NotFound

    def gone() -> bool | None:
        try:
            trial.client(machine).api.inspect_container(container_id)
        except NotFound:
            return True
        return None

    if not until(gone, UNTIL_GONE):
        remove(trial, container_id, machine)


def _failure(done: Build, error: str, lines: list[int]) -> Unmet:
    step = done.steps[-1] if done.steps else None
    line: int | str = "?"
    if step is not None and (step.line or step.number <= len(lines)):
        line = step.line or lines[step.number - 1]
    output = "\n".join(done.output[-LAST_LINES:]) or "(no output)"
    memory = " 137" in error
    return failed(
        "build.out_of_memory" if memory else "build.failed",
        instruction=_last_step(done),
        line=line,
        error=error,
        output=output,
    )


def _last_step(done: Build) -> str:
    return done.steps[-1].text if done.steps else "the first instruction"


def weigh(context: Path) -> None:
    """Refuse a folder that is too large to send, or holds what is no file, before it is packed.

    Raises:
        Unmet: `build.no_context`, `build.context`, `build.strange_file`.
    """
    if not context.is_dir():
        raise not_attempted("build.no_context", folder=context.name)
    size = count = 0
    for folder, folders, files in os.walk(context):
        for name in (*folders, *files):
            entry = (Path(folder) / name).lstat()
            kind = stat.S_IFMT(entry.st_mode)
            # The client opens .dockerignore, so it must be a file itself; of links it packs the link only.
            if kind not in (stat.S_IFREG, *(() if name == IGNORE else (stat.S_IFDIR, stat.S_IFLNK))):
                raise failed("build.strange_file", name=name)
            count += 1
            size += entry.st_size
            if size > LARGEST_CONTEXT or count > MOST_FILES:
                raise failed(
                    "build.context", folder=context.name, megabytes=LARGEST_CONTEXT // 1_000_000, files=MOST_FILES
                )


def _take_away(trial: Trial, machine: str, before: frozenset[str], done: Build) -> None:
    """Remove what the build added, newest first. What was there before, or is in use elsewhere, stays."""
    from docker.errors import APIError

    for container_id in done.ran_in:
        _wait_until_gone(trial, machine, container_id)
    old = {image_id.removeprefix("sha256:")[:12] for image_id in before}
    for image_id in [done.image_id, *reversed(done.made)]:
        if not image_id or image_id.removeprefix("sha256:")[:12] in old:
            continue
        with suppress(APIError):  # 404: gone with a child; 409: another image is built on it
            trial.client(machine).api.remove_image(image_id)
