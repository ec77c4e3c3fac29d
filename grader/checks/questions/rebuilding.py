"""Whether a second build takes what did not change from the cache. Both builds use copies of the learner's folder."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from grader.checks.check import failed
from grader.checks.named import Dockerfile
from grader.checks.questions.building import Build, Step, build_folder, weigh
from grader.checks.questions.instructions import ignored, inside, instructions
from grader.checks.trial import Trial


def reuses(subject: Dockerfile, after_changing: str, instruction: str, within: float, trial: Trial) -> str:
    """Build, change one file, build again: the instructions come from the cache, and the change is in the image."""
    steps = instructions(trial, subject.source)
    context, file = inside(trial, subject.context), inside(trial, subject.path)
    weigh(context)
    changed = context / after_changing
    if not changed.is_file() or changed.resolve() != context.resolve() / after_changing:  # a link is not followed
        raise failed("rebuild.no_file", file=after_changing, folder=subject.context)
    deadline = time.monotonic() + within
    with tempfile.TemporaryDirectory(prefix="rebuild-") as held:
        copy = Path(held) / "context"
        shutil.copytree(context, copy, symlinks=True)
        copied = copy / file.relative_to(context) if file.is_relative_to(context) else file
        lines = [step.start_line for step in steps]

        def run() -> Build:
            left = max(deadline - time.monotonic(), 1.0)
            return build_folder(trial, copy, copied, subject.machine, left, lines)

        run()
        unchanged = run()
        if any(step.cached for step in unchanged.steps):
            _change(copy / after_changing)
            second = run()
            arrives = second.image_id != unchanged.image_id
            ran_again = [step for step in _matching(second, instruction) if not step.cached]
        else:  # a session that grades may build without a cache
            second = unchanged
            arrives = _copied(steps, copy, after_changing)
            ran_again = _by_text(steps, unchanged, after_changing, instruction)
    if not _matching(second, instruction):
        raise failed("rebuild.no_instruction", instruction=instruction, path=subject.path)
    if not arrives:
        raise failed("rebuild.not_in_image", file=after_changing)
    if ran_again:
        raise failed("rebuild.ran_again", file=after_changing, instruction=ran_again[0].text)
    return f"{sum(step.cached for step in second.steps)} of {len(second.steps)} steps came from the cache"


def _change(file: Path) -> None:
    """Add empty lines: a change in any kind of text, and a mistake in none.

    Their number is new each time, so that layers of an earlier check are never mistaken for those of this one.
    """
    with file.open("a") as text:
        text.write("\n" * (1 + secrets.randbelow(4096)))


def _matching(done: Build, instruction: str) -> list[Step]:
    keyword, _space, rest = instruction.partition(" ")
    return [
        step
        for step in done.steps
        if step.text.partition(" ")[0].upper() == keyword.upper() and rest.casefold() in step.text.casefold()
    ]


def _copied(steps: Sequence[Any], context: Path, file: str) -> bool:
    """Whether the file is sent to the engine, and a COPY or ADD takes it."""
    copies = [step for step in steps if step.cmd.upper() in ("COPY", "ADD") and not _origin(step)]
    return not ignored(context, file) and any(_takes(source, file) for step in copies for source in step.value[:-1])


def _by_text(steps: Sequence[Any], done: Build, changed: str, instruction: str) -> list[Step]:
    """Without a cache to watch, apply its rule to the text (Docker docs, "Build cache invalidation").

    What follows a COPY or ADD of the changed file in its stage runs again, and so does what copies from such a stage.
    """
    stale_stages: set[str] = set()
    stale, name, again = False, "", []
    wanted = {step.number for step in _matching(done, instruction)}
    for number, step in enumerate(steps, start=1):
        keyword = step.cmd.upper()
        if keyword == "FROM":
            name = step.value[2].lower() if len(step.value) == 3 else str(len(stale_stages))
            stale = step.value[0].lower() in stale_stages
        elif keyword in ("COPY", "ADD"):
            origin = _origin(step)
            stale = stale or (origin in stale_stages if origin else any(_takes(s, changed) for s in step.value[:-1]))
        elif stale and number in wanted:
            again.append(done.steps[number - 1])
        if stale:
            stale_stages.add(name)
    return again


def _origin(step: Any) -> str | None:
    """The stage or image that a COPY takes from; None for the context."""
    return next((flag.removeprefix("--from=").lower() for flag in step.flags if flag.startswith("--from=")), None)


def _takes(source: str, file: str) -> bool:
    """Whether a source of COPY takes a file: a folder above it, the file itself, or a pattern."""
    wanted = Path(source.removeprefix("./").rstrip("/") or ".")
    return str(wanted) == "." or Path(file) == wanted or wanted in Path(file).parents or Path(file).match(str(wanted))
