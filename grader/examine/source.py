"""The instructor's notebook as the grader needs it: each cell that nbgrader knows, by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat

from course import notebooks
from course.release import release
from grader.examine.errors import ExamineError

HIDDEN = "BEGIN HIDDEN TESTS"


class BadSource(ExamineError):
    """The instructor's own notebook cannot be graded with."""


@dataclass(frozen=True)
class SourceCell:
    """One cell that nbgrader knows.

    Args:
        grade_id: its name.
        kind: "code", "markdown" or "raw".
        source: the instructor's text.
        released: the text that learners got.
        metadata: nbgrader's, as in a released copy, with its checksum.
        id: the cell's id in the notebook format.
        tags: its tags.
        exercise: the exercise that it belongs to, "" for none.
    """

    grade_id: str
    kind: str
    source: str
    released: str
    metadata: Mapping[str, Any]
    id: str
    tags: tuple[str, ...]
    exercise: str

    @property
    def is_graded(self) -> bool:
        """Whether its points come from running it."""
        return bool(self.metadata.get("grade")) and not self.is_solution and self.kind == "code"

    @property
    def is_solution(self) -> bool:
        """Whether the learner's text counts."""
        return bool(self.metadata.get("solution"))

    @property
    def is_manual(self) -> bool:
        """Whether a person gives its points."""
        return bool(self.metadata.get("grade") or self.metadata.get("task")) and not self.is_graded

    @property
    def is_hidden(self) -> bool:
        """Whether learners never saw what it runs."""
        return HIDDEN in self.source

    @property
    def points(self) -> float:
        """What it is worth."""
        return float(self.metadata.get("points") or 0)


@dataclass(frozen=True)
class SourceNotebook:
    """The cells that nbgrader knows, in order, and what the executed notebook takes over."""

    cells: tuple[SourceCell, ...]
    kernelspec: Mapping[str, Any]
    text: str

    @property
    def graded(self) -> tuple[SourceCell, ...]:
        """The cells that give points when they are run."""
        return tuple(cell for cell in self.cells if cell.is_graded)


@lru_cache(maxsize=16)
def read_source(raw: bytes) -> SourceNotebook:
    """Read the instructor's notebook.

    Raises:
        BadSource: it is no notebook, has no graded cell, or one name twice.
    """
    from nbgrader.nbgraderformat import SchemaTooNewError, SchemaTooOldError, ValidationError, reads

    try:
        node = reads(raw.decode("utf-8"), as_version=4)
        clean = release(reads(raw.decode("utf-8"), as_version=4))
    except (ValueError, RuntimeError, ValidationError, SchemaTooOldError, SchemaTooNewError) as error:
        raise BadSource("an instructor's notebook that nbgrader can release", str(error), "mend the source") from error
    except nbformat.ValidationError as error:
        raise BadSource("a valid notebook", str(error).splitlines()[0], "save it from JupyterLab") from error
    belongs = _exercises(node)
    cells = [
        SourceCell(
            grade_id=before.metadata.nbgrader.grade_id,
            kind=before.cell_type,
            source=before.source,
            released=after.source,
            metadata=dict(after.metadata.nbgrader),
            id=before.get("id", ""),
            tags=tuple(before.metadata.get("tags", ())),
            exercise=belongs[index],
        )
        for index, (before, after) in enumerate(zip(node.cells, clean.cells, strict=True))
        if before.metadata.get("nbgrader", {}).get("grade_id") and _is_known(after.metadata.nbgrader)
    ]
    if not any(cell.is_graded for cell in cells):
        raise BadSource("a graded cell in the instructor's notebook", "none", "make the check cells autograder tests")
    return SourceNotebook(tuple(cells), dict(node.metadata.get("kernelspec", {})), raw.decode("utf-8"))


def _is_known(metadata: Mapping[str, Any]) -> bool:
    return any(metadata.get(kind) for kind in ("grade", "solution", "locked", "task"))


def _exercises(node: Any) -> list[str]:
    """The exercise of each cell: by the goal cells of a lesson, else by the last solution cell before it."""
    parsed = notebooks.parse(node, Path("lesson.ipynb"))
    named = {cell.index: exercise.id for exercise in parsed.exercises() for cell in exercise.cells}
    found, solution = [], ""
    for index, cell in enumerate(node.cells):
        facts = cell.metadata.get("nbgrader", {})
        if facts.get("solution"):
            solution = str(facts.get("grade_id", ""))
        found.append(named.get(index, solution if _is_known(facts) else ""))
    return found
