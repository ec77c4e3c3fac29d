"""A rule of graded cells: they leave the learner's variables alone."""

from __future__ import annotations

import symtable
from collections.abc import Iterator

from IPython.core.inputtransformer2 import TransformerManager

from course.lint.finding import Finding
from course.manifest import Lesson
from course.notebooks import GRADED, LessonNotebook


def names(lesson: Lesson, notebook: LessonNotebook) -> Iterator[Finding]:
    """The findings about names that a graded cell would take from a cell of the learner's."""
    code = [cell for cell in notebook.cells if cell.kind == "code"]
    learners = {one.get_name() for cell in code if cell.role not in GRADED for one in _symbols(cell.source)}
    for cell in code:
        given = {one.get_name() for one in _symbols(cell.source) if one.is_assigned() and not one.is_imported()}
        if cell.role in GRADED and (taken := sorted(given & learners)):
            yield Finding(
                lesson.name, cell.id, "names of its own in a graded cell", ", ".join(taken),
                "name it otherwise, as the_web for web: after the check, the learner's variable would be the check's",
            )  # fmt: skip


def _symbols(source: str) -> list[symtable.Symbol]:
    """The names that a cell itself uses, imports or gives a value; those inside a comprehension are its own."""
    try:
        table = symtable.symtable(TransformerManager().transform_cell(source), "cell", "exec")
    except SyntaxError:
        return []  # that is a finding of its own
    return table.get_symbols()
