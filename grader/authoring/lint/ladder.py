"""A rule of the ladder: what a reference solution needs was shown in a cell or an example before the exercise."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from course import manifest, notebooks
from course.manifest import Lesson
from course.notebooks import GRADED, Cell, ExerciseCells, LessonNotebook
from grader.authoring.finding import Finding
from grader.authoring.lint.both_languages import docker_calls
from grader.authoring.lint.exercises import solution_lines, without_solutions

INSTRUCTIONS = frozenset(
    {
        "FROM", "RUN", "CMD", "LABEL", "EXPOSE", "ENV", "ADD", "COPY", "ENTRYPOINT", "VOLUME", "USER", "WORKDIR", "ARG",
        "ONBUILD", "STOPSIGNAL", "HEALTHCHECK",
    }
)  # fmt: skip
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)


def ladder(lesson: Lesson, notebook: LessonNotebook) -> Iterator[Finding]:
    """The findings about what the goals of one lesson need."""
    shown = "\n".join(_shown(cells) for cells in _lessons_before(lesson))
    for exercise in notebook.exercises():
        first = exercise.cells[0].index
        seen = f"{shown}\n{_shown(tuple(cell for cell in notebook.cells if cell.index <= first))}"
        for need in sorted(needs(exercise)):
            if not re.search(rf"(?<![\w-]){re.escape(need)}", seen):
                yield Finding(
                    lesson.name, exercise.id, f"{need.strip()} in a cell or an example before the exercise needs it",
                    "only the solution has it", "add a worked example with other names and values",
                )  # fmt: skip


def needs(exercise: ExerciseCells) -> set[str]:
    """The instructions, calls and options of a reference solution."""
    solution = "\n".join(solution_lines(exercise))
    recipe = [line for line in solution.splitlines() if line.split(" ")[0] in INSTRUCTIONS]
    found = {line.split(" ")[0] + " " for line in recipe}
    found |= {f"{word.partition('=')[0]}=" for line in recipe for word in line.split() if word.startswith("--")}
    try:
        tree = ast.parse(solution) if len(recipe) < len(solution.splitlines()) else ast.Module([], [])
    except SyntaxError:
        tree = ast.Module([], [])
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Attribute) and call.func.attr in docker_calls():
            found |= {call.func.attr, *(f"{option.arg}=" for option in call.keywords if option.arg)}
    return found


def _lessons_before(lesson: Lesson) -> Iterator[tuple[Cell, ...]]:
    for other in manifest.load().lessons:
        if other.id >= lesson.id:
            return
        yield notebooks.read(other.notebook).cells


def _shown(cells: tuple[Cell, ...]) -> str:
    """The code that learners see: cells without solutions, and what is set as code in the text."""
    code = [without_solutions(cell.source) for cell in cells if cell.kind == "code" and cell.role not in GRADED]
    return "\n".join(
        [*code, *(part for cell in cells if cell.kind == "markdown" for part in _CODE.findall(cell.source))]
    )
