"""Rules for what learners get: no solution, no answer, no hidden test, no file that stays with the instructor."""

from __future__ import annotations

import re
from collections.abc import Iterator

from course import notebooks
from course.manifest import Lesson
from course.notebooks import LessonNotebook
from course.workspace import KEPT_BACK, released
from grader.authoring.finding import Finding
from grader.authoring.lint.exercises import solution_lines

TELLING = 16


def release(lesson: Lesson, notebook: LessonNotebook) -> Iterator[Finding]:
    """The findings about what a learner would get."""
    try:
        copy = notebooks.parse(released(lesson.notebook), lesson.notebook)
    except (RuntimeError, ValueError) as error:
        yield Finding(
            lesson.name, "notebook", "a notebook that nbgrader can release", str(error), "fix the solution regions"
        )
        return
    text = "\n".join(cell.source for cell in copy.cells)
    for mark in ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS"):
        if mark in text:
            yield _leak(lesson, "notebook", mark)
    for cell in copy.node.cells:
        if cell.get("outputs"):
            yield _leak(lesson, cell.id, "a stored output")
    for cells in notebook.exercises():
        for line in solution_lines(cells):
            if len(line) >= TELLING and line in text:
                yield _leak(lesson, cells.id, line)
        for cell in cells.of("hidden"):
            if re.search(r"^[^#\s]", _source(copy, cell.id), re.MULTILINE):
                yield _leak(lesson, cell.id, "text left in the hidden cell")
    for name in ("answers", "instructor.md"):
        if name not in KEPT_BACK:
            yield _leak(lesson, name, "the file itself")


def _source(copy: LessonNotebook, cell_id: str) -> str:
    return next((cell.source for cell in copy.cells if cell.id == cell_id), "")


def _leak(lesson: Lesson, where: str, what: str) -> Finding:
    return Finding(
        lesson.name, where, "a released copy without solutions and hidden tests", what, "put it inside the regions only"
    )
