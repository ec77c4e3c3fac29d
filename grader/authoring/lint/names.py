"""A rule for graded cells: they never overwrite the learner's variables."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from IPython.core.inputtransformer2 import TransformerManager

from course.manifest import Lesson
from course.notebooks import GRADED, LessonNotebook
from grader.authoring.finding import Finding


def names(lesson: Lesson, notebook: LessonNotebook) -> Iterator[Finding]:
    """The findings about names that a graded cell would take from a cell of the learner's."""
    code = [cell for cell in notebook.cells if cell.kind == "code"]
    learners = set().union(*(_used(_parsed(cell.source)) for cell in code if cell.role not in GRADED))
    for cell in code:
        if cell.role in GRADED and (taken := sorted(_assigned(_parsed(cell.source)) & learners)):
            yield Finding(
                lesson.name, cell.id, "names of its own in a graded cell", ", ".join(taken),
                "name it otherwise, as the_web for web: after the check, the learner's variable would be the check's",
            )  # fmt: skip


def imported(tree: ast.Module) -> set[str]:
    """The names that imports give."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return {(one.asname or one.name).split(".")[0] for node in imports for one in node.names}


def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError:
        return ast.Module([], [])  # that is a finding of its own


def _used(tree: ast.Module) -> set[str]:
    """The names that a cell reads, imports or gives a value."""
    return imported(tree) | {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _assigned(tree: ast.Module) -> set[str]:
    """The names that a cell gives a value; those of a comprehension are its own."""
    within = {
        inner for loop in ast.walk(tree) if isinstance(loop, ast.comprehension) for inner in ast.walk(loop.target)
    }
    stored = (node for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    return {node.id for node in stored if node not in within}
