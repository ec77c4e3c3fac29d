"""Rules for a notebook's form: roles and their order, ids, headings, lengths, pictures, paths, outputs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from course.manifest import Lesson
from course.notebooks import KERNEL, ROLES, Cell, LessonNotebook
from grader.authoring.finding import Finding
from grader.authoring.lint.words import words
from grader.authoring.source.stored import COMPARED, comparable

MOST_CELLS = 35
MOST_WORDS = 1200
MOST_LINES = {"setup": 5, "run": 8}
MOST_STORY_WORDS = 120
ONCE = ("title", "setup", "story", "recap", "own-words", "cleanup", "next")
TEACHING = frozenset({"lead", "predict", "run", "explain", "change", "misconception"})
PRACTICE = frozenset({"lead", "explain", "exercise", "given", "starter", "check", "hidden"})

_ID = re.compile(r"L\d\d-[a-z0-9]+(?:-[a-z0-9]+)*")
_HEADING = re.compile(r"^(#{1,6})\s+\S", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_PICTURE = re.compile(r"!\[(?P<alt>[^\]]*)\]\(|<img\b(?P<tag>[^>]*)>", re.I)
_HOST_PATH = re.compile(r"(?:^|[\s\"'(=])(?:/(?:home|Users|work|mnt|media)/|~/|[A-Za-z]:\\)", re.MULTILINE)


def structure(lesson: Lesson, notebook: LessonNotebook) -> Iterator[Finding]:
    """The findings about the form of one lesson's notebook."""
    for rule in (_kernel, _ids, _roles, _order, _lengths, _headings, _pictures, _paths, _outputs, _title):
        yield from rule(lesson, notebook)


def _kernel(lesson: Lesson, notebook: LessonNotebook) -> Iterator[Finding]:
    spec = notebook.node.metadata.get("kernelspec", {})
    if spec.get("name") != KERNEL or spec.get("language") != "python":
        yield Finding(
            lesson.name, "metadata", f"the kernel {KERNEL} with the language python", f"{dict(spec)}",
            "choose the kernel “Docker course” in JupyterLab and save",
        )  # fmt: skip


def _ids(lesson: Lesson, notebook: LessonNotebook) -> Iterator[Finding]:
    for cell in notebook.cells:
        if not (_ID.fullmatch(cell.id) and cell.id.startswith(f"{lesson.id}-")):
            yield Finding(
                lesson.name, _place(cell), f"a readable cell id such as {lesson.id}-run-first", cell.id or "no id",
                "change the id in the file; JupyterLab keeps it",
            )  # fmt: skip


def _roles(lesson: Lesson, notebook: LessonNotebook) -> Iterator[Finding]:
    for cell in notebook.cells:
        if cell.role is None:
            yield Finding(
                lesson.name, _place(cell), "exactly one role tag", f"the tags {list(cell.tags)}",
                f"give it one of {', '.join(ROLES)}",
            )  # fmt: skip
    counts = Counter(cell.role for cell in notebook.cells)
    for role in ONCE:
        if counts[role] != 1:
            yield Finding(
                lesson.name, role, f"one cell with the role {role}", f"{counts[role]}", "add it, or merge them"
            )
    needed = ["exercise", *(("predict", "run", "explain", "misconception") if lesson.misconceptions else ())]
    for role in needed:
        if not counts[role]:
            yield Finding(lesson.name, role, f"at least one cell with the role {role}", "none", "add it")


def _order(lesson: Lesson, notebook: LessonNotebook) -> Iterator[Finding]:
    """Title, setup, story, teaching, practice, end: no cell of an earlier phase comes after a later one."""
    phases = [{"title"}, {"setup"}, {"story"}, TEACHING, PRACTICE, {"recap"}, {"own-words"}, {"cleanup"}, {"next"}]
    reached = 0
    for cell in notebook.cells:
        if cell.role is None:
            continue
        at = next((i for i, phase in enumerate(phases) if i >= reached and cell.role in phase), None)
        if at is None:
            yield Finding(
                lesson.name, cell.id, "roles in the order of notebooks/README.md",
                f"{cell.role} after {'/'.join(sorted(phases[reached]))}", "move the cell",
            )  # fmt: skip
        else:
            reached = at


def _lengths(lesson: Lesson, notebook: LessonNotebook) -> Iterator[Finding]:
    if len(notebook.cells) > MOST_CELLS:
        yield _too_long(lesson, "notebook", MOST_CELLS, len(notebook.cells), "cells")
    total = sum(len(words(cell.source)) for cell in notebook.cells if cell.kind == "markdown")
    if total > MOST_WORDS:
        yield _too_long(lesson, "notebook", MOST_WORDS, total, "words")
    for cell in notebook.of("story"):
        if len(words(cell.source)) > MOST_STORY_WORDS:
            yield _too_long(lesson, cell.id, MOST_STORY_WORDS, len(words(cell.source)), "words")
    for role, most in MOST_LINES.items():
        for cell in notebook.of(role):
            lines = [line for line in cell.source.splitlines() if line.strip()]
            if len(lines) > most:
                yield _too_long(lesson, cell.id, most, len(lines), "lines")


def _headings(lesson: Lesson, notebook: LessonNotebook) -> Iterator[Finding]:
    level = 0
    for cell in notebook.cells:
        if cell.kind != "markdown":
            continue
        for match in _HEADING.finditer(_FENCE.sub("", cell.source)):
            deep = len(match[1])
            if (deep == 1) != (level == 0):
                yield Finding(
                    lesson.name, cell.id, "one H1, in the title cell", f"a heading of level {deep}", "use ## and below"
                )
            elif deep > level + 1:
                yield Finding(
                    lesson.name, cell.id, f"a heading of level {level + 1} at most", f"level {deep}", "skip no level"
                )
            level = deep


def _pictures(lesson: Lesson, notebook: LessonNotebook) -> Iterator[Finding]:
    for cell in notebook.cells:
        if cell.kind != "markdown":
            continue
        for match in _PICTURE.finditer(cell.source):
            alt = match["alt"] if match["tag"] is None else " ".join(re.findall(r"alt=[\"']([^\"']*)", match["tag"]))
            if not alt.strip():
                yield Finding(lesson.name, cell.id, "alternative text on every picture", match[0], "say what it shows")


def _paths(lesson: Lesson, notebook: LessonNotebook) -> Iterator[Finding]:
    for cell in notebook.cells:
        for match in _HOST_PATH.finditer(cell.source):
            yield Finding(
                lesson.name, cell.id, "no absolute path of the host", match[0].strip(),
                "use a path relative to the lesson's folder",
            )  # fmt: skip


def _outputs(lesson: Lesson, notebook: LessonNotebook) -> Iterator[Finding]:
    """The only outputs in a source are those that nbval compares: text that is the same on every engine."""
    for cell, node in zip(notebook.cells, notebook.node.cells, strict=True):
        if cell.kind != "code":
            continue
        may_stay = COMPARED in cell.tags
        if bool(node.outputs) != may_stay:
            yield Finding(
                lesson.name, cell.id, f"a stored output where the tag {COMPARED} is, and only there",
                f"{len(node.outputs)} outputs, the tags {list(cell.tags)}", f"grader lesson source outputs {lesson.id}",
            )  # fmt: skip
        elif may_stay and node.execution_count is None:
            yield Finding(
                lesson.name, cell.id, "an execution count, because nbval compares no cell that never ran", "none",
                f"grader lesson source outputs {lesson.id}",
            )  # fmt: skip
        elif may_stay and comparable(node.outputs) != [dict(output) for output in node.outputs]:
            yield Finding(
                lesson.name, cell.id, "a stored output of one text without ids, sizes and times",
                f"{[output.get('output_type') for output in node.outputs]}",
                f"grader lesson source outputs {lesson.id}",
            )  # fmt: skip


def _title(lesson: Lesson, notebook: LessonNotebook) -> Iterator[Finding]:
    for cell in notebook.of("title"):
        parts = {
            f"the title “{lesson.title}”": lesson.title in cell.source,
            "two questions, as 1. and 2.": len(re.findall(r"^[12]\. .*\?\s*$", cell.source, re.MULTILINE)) == 2,
            f"the minutes ({lesson.minutes})": f"{lesson.minutes} minutes" in cell.source,
            **{f"the objective “{o.text}”": o.text.lower() in cell.source.lower() for o in lesson.objectives},
        }
        for part, there in parts.items():
            if not there:
                yield Finding(
                    lesson.name, cell.id, part, "it is not there", "write it as in lesson.toml and notebooks/README.md"
                )


def _too_long(lesson: Lesson, where: str, most: int, found: int, what: str) -> Finding:
    return Finding(lesson.name, where, f"at most {most} {what}", str(found), "cut, or split the idea in two")


def _place(cell: Cell) -> str:
    return cell.id or f"cell {cell.index + 1}"
