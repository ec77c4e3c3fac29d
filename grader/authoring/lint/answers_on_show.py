"""Rules against visible answers: a visible check contains no value that a learner has to find out."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from course.manifest import Lesson
from course.notebooks import GRADED, Cell, ExerciseCells, LessonNotebook
from course.workspace import KEPT_BACK
from grader.authoring.finding import Finding
from grader.authoring.lint.exercises import solution_lines, without_solutions

COMPARED = frozenset({"equals", "one_of"})
"""The questions whose argument is the right answer itself."""
DERIVED = "parameter"
"""The function that gives each learner another value."""
SHORTEST = 4
"""Shorter texts, such as a mode of a file, say nothing."""


def answers_on_show(lesson: Lesson, notebook: LessonNotebook) -> Iterator[Finding]:
    """The findings about the visible check cells of one lesson."""
    shown = _shown(lesson, notebook)
    for cell in notebook.of("check"):
        exercise = notebook.exercise(cell.id.removesuffix("-check"))
        solution = "\n".join(solution_lines(exercise))
        try:
            tree = ast.parse(cell.source)
        except SyntaxError:
            continue  # that is a finding of its own
        yield from _keys(lesson, cell, tree, _parameters_of(exercise, notebook))
        for text in sorted(_texts(tree)):
            if text in solution and text not in shown:
                yield _finding(lesson, cell, repr(text), "which the solution holds and nothing else shows")


def _keys(lesson: Lesson, cell: Cell, tree: ast.Module, handed: set[str]) -> Iterator[Finding]:
    values = _assigned(tree)
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Attribute) and call.func.attr in COMPARED:
            for argument in call.args:
                meant = values.get(argument.id, argument) if isinstance(argument, ast.Name) else argument
                names = _parameters(meant)
                if not names:
                    yield _finding(lesson, cell, ast.unparse(call), "which is the answer")
                for name in sorted(names & handed):
                    yield _finding(lesson, cell, ast.unparse(call), f"and the exercise hands out parameter({name!r})")


def _parameters(tree: ast.AST) -> set[str]:
    """The parameters that some code asks for."""
    return {
        str(node.args[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == DERIVED
        if node.args and isinstance(node.args[0], ast.Constant)
    }


def _parameters_of(exercise: ExerciseCells, notebook: LessonNotebook) -> set[str]:
    """The parameters whose values a learner has in a variable before anything is solved."""
    cells = [*notebook.of("setup"), *exercise.of("given"), *exercise.of("starter")]
    sources = [without_solutions(cell.source) for cell in cells if not cell.source.startswith("%%")]
    return {name for source in sources for name in _parameters(ast.parse(source))}


def _assigned(tree: ast.Module) -> dict[str, ast.expr]:
    """What each name stands for; `a, b = 1, 2` gives two."""
    found: dict[str, ast.expr] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            pairs = (
                list(zip(target.elts, value.elts, strict=False))
                if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
                else [(target, value)]
            )
            found |= {name.id: meant for name, meant in pairs if isinstance(name, ast.Name)}
    return found


def _texts(tree: ast.Module) -> set[str]:
    """The texts that a check compares with, without the ids of exercises and patterns."""
    silent = {
        part
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ("grade", DERIVED, "compile")
        for part in node.args
        if isinstance(part, ast.Constant)
    }
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in silent
        if len(node.value) >= SHORTEST
    }


def _shown(lesson: Lesson, notebook: LessonNotebook) -> str:
    """Everything that a learner can read apart from check cells: Markdown and files."""
    pages = [without_solutions(cell.source) for cell in notebook.cells if cell.role not in GRADED]
    for path in sorted(lesson.folder.rglob("*")):
        inside = path.relative_to(lesson.folder).parts
        if path.is_file() and path.suffix != ".ipynb" and not set(inside) & set(KEPT_BACK):
            pages.append(path.read_text("utf-8", errors="replace"))
    return "\n".join(pages)


def _finding(lesson: Lesson, cell: Cell, what: str, why: str) -> Finding:
    return Finding(
        lesson.name, cell.id, "a visible check without an answer", f"{what}, {why}",
        "derive it from a parameter, ask for the behaviour, or move it to the hidden cell",
    )  # fmt: skip
