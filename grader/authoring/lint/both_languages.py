"""Rules for both languages: the lesson that introduces a docker-py call names its `docker` command."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from typing import Any

from course.lesson.commands import Pair, pairs
from course.manifest import Lesson
from course.notebooks import GRADED, LessonNotebook
from grader.authoring.finding import Finding

PLAIN = frozenset({"get", "reload"})
"""Calls that only fetch an object of Python's: there is no command to type."""


def both_languages(lesson: Lesson, notebook: LessonNotebook) -> Iterator[Finding]:
    """The findings about the commands and calls of one lesson."""
    prose = "\n".join(cell.source for cell in notebook.cells if cell.kind == "markdown")
    before = {part for pair in pairs() if pair.lesson < lesson.id for part in stem(pair)}
    used = {name for cell in notebook.cells if cell.kind == "code" for name in _named(cell.source)}
    for pair in (pair for pair in pairs() if pair.lesson == lesson.id and _named(pair.python) <= used):
        for part in stem(pair):
            if part not in before and not re.search(rf"(?<![\w-]){re.escape(part)}(?![\w-])", prose):
                yield Finding(
                    lesson.name, "prose", f"the command `{pair.command}` beside its call", f"no `{part}`",
                    "name the command in the lead before the cell",
                )  # fmt: skip
    known = {name for pair in pairs() if pair.lesson <= lesson.id for name in _called(pair.python)}
    for cell in notebook.cells:
        if cell.kind == "code" and cell.role not in GRADED and not cell.source.startswith("%%"):
            for name in sorted((_called(cell.source) & docker_calls()) - known - PLAIN):
                yield Finding(
                    lesson.name, cell.id, f"the docker command of {name}()", "no pair in this lesson or before it",
                    "add the pair to course/lesson/commands.toml, and name the command in the lesson",
                )  # fmt: skip


def stem(pair: Pair) -> list[str]:
    """What a lesson must name of a command: its verb, and the options of a run."""
    words = shlex.split(pair.command)[1:]
    verb = " ".join(words[:2]) if words[0] in ("network", "volume") else words[0]
    if words[0] not in ("run", "create"):
        return [f"docker {verb}"]
    return [f"docker {verb}", *(word for word in words[1:] if word.startswith("-") and word != "-c")]


def _named(source: str) -> set[str]:
    """The methods that some code calls, and the options that it gives."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return set()
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return _called(source) | {f"{option.arg}=" for call in calls for option in call.keywords if option.arg}


def _called(source: str) -> set[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return set()
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {func.attr for func in calls if isinstance(func, ast.Attribute)}


@cache
def docker_calls() -> frozenset[str]:
    """The methods of docker-py's objects and collections that its own documentation names."""
    from docker.models import containers, images, networks, volumes

    kinds: tuple[Any, ...] = (
        containers.Container, containers.ContainerCollection, images.Image, images.ImageCollection,
        networks.Network, networks.NetworkCollection, volumes.Volume, volumes.VolumeCollection,
    )  # fmt: skip
    return frozenset(name for kind in kinds for name, value in vars(kind).items() if callable(value) and name[0] != "_")
