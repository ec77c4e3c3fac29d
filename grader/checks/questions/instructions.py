"""Questions about the text of a Dockerfile, read by a parser; the engine is not asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from grader.checks.check import failed, not_attempted
from grader.checks.named import Dockerfile
from grader.checks.source import Source
from grader.checks.text import Wanted, found, named
from grader.checks.trial import Trial

IGNORE = ".dockerignore"
LARGEST = 256 * 1024  # bytes of a Dockerfile


def exists(subject: Dockerfile, trial: Trial) -> str:
    """It is there and says something."""
    return f"{len(instructions(trial, subject.source))} instructions"


def starts_from(subject: Dockerfile, base: str, trial: Trial) -> str:
    """The base of the last stage, with stage names followed and ARG defaults filled in."""
    seen = base_of(instructions(trial, subject.source))
    if _whole(seen) != _whole(base):
        raise failed("dockerfile.other_base", path=subject.path, base=base, seen=seen)
    return f"FROM {seen}"


def has(subject: Dockerfile, instruction: str, wanted: Wanted | None, trial: Trial) -> str:
    """The instruction is there, with the text."""
    same = _of(instructions(trial, subject.source), instruction)
    if not same:
        raise failed("dockerfile.no_instruction", path=subject.path, instruction=instruction)
    if wanted is not None and not any(found(wanted, each.original) for each in same):
        seen = "; ".join(each.original for each in same)
        raise failed("dockerfile.other_instruction", path=subject.path, instruction=instruction, seen=seen)
    return f"line {same[-1].start_line}"


def lacks(subject: Dockerfile, instruction: str, unwanted: Wanted | None, trial: Trial) -> str:
    """The instruction is not there, or not with the text."""
    for each in _of(instructions(trial, subject.source), instruction):
        if unwanted is None or found(unwanted, each.original):
            raise failed("dockerfile.unwanted", path=subject.path, line=each.start_line, seen=each.original)
    return "not there"


def exec_form(subject: Dockerfile, instruction: str, trial: Trial) -> str:
    """The last of its kind is a JSON list."""
    same = _of(instructions(trial, subject.source), instruction)
    if not same:
        raise failed("dockerfile.no_instruction", path=subject.path, instruction=instruction)
    if not same[-1].json:
        raise failed(
            "dockerfile.shell_form",
            path=subject.path,
            instruction=instruction,
            line=same[-1].start_line,
            seen=same[-1].original,
        )
    return str(same[-1].original)


def order(subject: Dockerfile, first: tuple[str, Wanted], then: tuple[str, Wanted], trial: Trial) -> str:
    """The first match of one stands before the first match of the other."""
    steps = instructions(trial, subject.source)
    places = []
    for instruction, wanted in (first, then):
        lines = [each.start_line for each in _of(steps, instruction) if found(wanted, each.original)]
        if not lines:
            raise failed("dockerfile.no_instruction", path=subject.path, instruction=f"{instruction} {named(wanted)}")
        places.append(lines[0])
    if places[0] >= places[1]:
        raise failed("dockerfile.other_order", path=subject.path, first=places[0], then=places[1])
    return f"line {places[0]} before line {places[1]}"


def stages(subject: Dockerfile, at_least: int, trial: Trial) -> str:
    """The number of FROM instructions."""
    count = len(_of(instructions(trial, subject.source), "FROM"))
    if count < at_least:
        raise failed("dockerfile.few_stages", path=subject.path, seen=count, wanted=at_least)
    return f"{count} stages"


def ignores(subject: Dockerfile, files: tuple[str, ...], trial: Trial) -> str:
    """The patterns of .dockerignore take these paths out, by the rules that the client itself uses."""
    instructions(trial, subject.source)
    context = inside(trial, subject.context)
    if not (context / IGNORE).is_file():
        raise not_attempted("dockerfile.no_ignore", path=subject.path)
    sent = [file for file in files if not ignored(context, file)]
    if sent:
        raise failed("dockerfile.not_ignored", path=subject.path, files=", ".join(sent))
    return "kept out"


def ignored(context: Path, file: str) -> bool:
    """Whether .dockerignore keeps a file out of what docker-py sends, by docker-py's own rules."""
    from docker.utils.build import PatternMatcher

    if not (context / IGNORE).is_file():
        return False
    lines = (line.strip() for line in read(context / IGNORE).splitlines())
    patterns = [line for line in lines if line and not line.startswith("#")]
    return bool(PatternMatcher(patterns).matches(cast(Any, file)))


def instructions(trial: Trial, source: Source) -> Sequence[Any]:
    """The instructions of a Dockerfile, as BuildKit's parser reads them.

    Raises:
        Unmet: `dockerfile.absent`, `dockerfile.empty` and `dockerfile.untouched` (not attempted), `build.syntax`.
    """
    from course import dockerfile

    file = inside(trial, source.file)
    if not file.is_file():
        raise not_attempted("dockerfile.absent", path=source.file)
    text = read(file)
    if not any(line.strip() and not line.strip().startswith("#") for line in text.splitlines()):
        raise not_attempted("dockerfile.empty", path=source.file)
    if source.starter is not None and _words(text) == _words(_starter(trial, source.starter)):
        raise not_attempted("dockerfile.untouched", path=source.file)
    try:
        parsed: Sequence[Any] = dockerfile.parse_string(text)
    except dockerfile.ParseError as error:
        raise failed("build.syntax", path=source.file, reason=error) from None
    return parsed


def inside(trial: Trial, path: Path) -> Path:
    """A path of the learner's, which must not lead out of the lesson's folder.

    The examiner reads with the instructor's rights: a link must not make it show, or build from, other files.

    Raises:
        Unmet: `dockerfile.outside`.
    """
    root = trial.bench.path("").resolve()
    found = trial.bench.path(path)
    if not found.resolve().is_relative_to(root):
        raise failed("dockerfile.outside", path=path)
    return found


def read(file: Path) -> str:
    """The first `LARGEST` bytes of a file as text."""
    with file.open("rb") as held:
        return held.read(LARGEST).decode("utf-8", "replace")


def base_of(steps: Sequence[Any]) -> str:
    """What the last stage is built on in the end."""
    arguments: dict[str, str] = {}
    bases: dict[str, str] = {}
    last = ""
    for step in steps:
        if step.cmd.upper() == "ARG" and not bases:
            arguments.update(entry.partition("=")[::2] for entry in step.value)
        if step.cmd.upper() != "FROM":
            continue
        name = re.sub(
            r"\$\{?(\w+)(?::?-([^}]*))?\}?", lambda m: arguments.get(m[1]) or m[2] or "", step.value[0]
        ).strip("\"'")
        last = bases.get(name.lower(), name)
        if len(step.value) == 3 and step.value[1].upper() == "AS":
            bases[step.value[2].lower()] = last
        bases[str(len(bases))] = last
    return last


def _of(steps: Sequence[Any], instruction: str) -> list[Any]:
    return [step for step in steps if step.cmd.upper() == instruction.upper()]


def _whole(reference: str) -> str:
    name = reference.removeprefix("docker.io/").removeprefix("library/")
    return name if "@" in name or ":" in name.rpartition("/")[2] else f"{name}:latest"


def _starter(trial: Trial, starter: str) -> str:
    return starter if "\n" in starter else read(trial.bench.path(starter))


def _words(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
