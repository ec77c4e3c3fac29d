"""A rule of the terminal work: each lesson has one block of docker commands to type, of three to six."""

from __future__ import annotations

import re
from collections.abc import Iterator

from course.manifest import Lesson
from course.notebooks import LessonNotebook
from grader.authoring.finding import Finding

HEADING = "In a terminal"
COMMANDS = range(3, 7)
_SECTION = re.compile(rf"^#+ {HEADING}\s*$.*?^```\n(?P<lines>.*?)^```$", re.MULTILINE | re.DOTALL)


def terminal(lesson: Lesson, notebook: LessonNotebook) -> Iterator[Finding]:
    """The findings about the terminal work of one lesson."""
    blocks = terminal_work(notebook)
    docker = [line for block in blocks for line in block if line.startswith("docker ")]
    if len(blocks) != 1 or len(docker) not in COMMANDS:
        yield Finding(
            lesson.name, "prose", f"one heading “{HEADING}” with a block of three to six docker commands",
            f"{len(blocks)} blocks, {len(docker)} commands", "add it after the misconception box",
        )  # fmt: skip


def terminal_work(notebook: LessonNotebook) -> list[list[str]]:
    """The lines to type in each terminal section of a notebook."""
    prose = [cell.source for cell in notebook.cells if cell.kind == "markdown"]
    return [match["lines"].splitlines() for source in prose for match in _SECTION.finditer(source)]
