"""A lesson's notebook as its parts: cells with a role, and the group of cells that makes up one exercise."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nbformat

from course.errors import CourseError

KERNEL = "slipway"

ROLES = (
    "title", "setup", "story", "lead", "predict", "run", "explain", "change", "misconception",
    "exercise", "given", "starter", "check", "hidden",
    "recap", "own-words", "cleanup", "next",
)  # fmt: skip
"""The tag that says what a cell is for, in the order of a lesson (LESSONS: the cells, in order)."""

GRADED = ("check", "hidden")


class NotebookError(CourseError):
    """A notebook does not have the parts that a lesson has."""


@dataclass(frozen=True)
class Cell:
    """One cell: what it is for (`role`, None when no tag says so), its text, and what nbgrader knows about it."""

    index: int
    id: str
    kind: str
    role: str | None
    source: str
    tags: tuple[str, ...]
    nbgrader: dict[str, Any]
    slipway: dict[str, Any]

    @property
    def points(self) -> float:
        """The points of a graded cell; 0 for all others."""
        return float(self.nbgrader.get("points", 0)) if self.nbgrader.get("grade") else 0.0


@dataclass(frozen=True)
class ExerciseCells:
    """The cells of one exercise, in order, from its goal to its hidden tests."""

    id: str
    cells: tuple[Cell, ...]

    def of(self, role: str) -> tuple[Cell, ...]:
        """Its cells with this role."""
        return tuple(cell for cell in self.cells if cell.role == role)

    @property
    def code(self) -> tuple[Cell, ...]:
        """The cells that run, in order."""
        return tuple(cell for cell in self.cells if cell.kind == "code")

    @property
    def points(self) -> float:
        """The points of its graded cells."""
        return sum(cell.points for cell in self.cells)

    def with_starters(self, sources: dict[str, str]) -> ExerciseCells:
        """The same exercise with other text in the starter cells named by id.

        Raises:
            NotebookError: a name is not the id of one of its starter cells.
        """
        unknown = sorted(sources.keys() - {cell.id for cell in self.of("starter")})
        if unknown:
            raise NotebookError(
                expected=f"the ids of starter cells of {self.id}",
                observed=", ".join(unknown),
                try_next="name the answer's files after the starter cells",
            )
        return replace(
            self, cells=tuple(replace(cell, source=sources.get(cell.id, cell.source)) for cell in self.cells)
        )


@dataclass(frozen=True)
class LessonNotebook:
    """A notebook read from disk: the nbformat node, and its cells."""

    path: Path
    node: nbformat.NotebookNode
    cells: tuple[Cell, ...]

    def of(self, role: str) -> tuple[Cell, ...]:
        """The cells with this role."""
        return tuple(cell for cell in self.cells if cell.role == role)

    def exercises(self) -> tuple[ExerciseCells, ...]:
        """The exercises in order: each starts at a goal cell and ends before the next goal or the recap."""
        found: list[ExerciseCells] = []
        group: list[Cell] = []
        for cell in self.cells:
            if cell.role == "exercise":
                group = [cell]
                found.append(ExerciseCells(cell.id.removesuffix("-goal"), (cell,)))
            elif group and cell.role in ("given", "starter", *GRADED):
                group.append(cell)
                found[-1] = replace(found[-1], cells=tuple(group))
            else:
                group = []
        return tuple(found)

    def exercise(self, exercise_id: str) -> ExerciseCells:
        """The cells of one exercise. Raises NotebookError when no goal cell has its id."""
        for exercise in self.exercises():
            if exercise.id == exercise_id:
                return exercise
        raise NotebookError(
            expected=f"a goal cell with the id {exercise_id}-goal and the tag exercise",
            observed=f"{self.path.name} has none",
            try_next="add the cell, or remove the exercise from lesson.toml",
        )


def read(path: Path) -> LessonNotebook:
    """Read and validate a notebook of a lesson.

    Raises:
        NotebookError: it is missing, or not a valid notebook of format 4.5 (the first with cell ids).
    """
    try:
        node = nbformat.v4.reads_json(path.read_text("utf-8"))
        _refuse_repeated_ids(path, node)  # nbformat would give a new id to the second cell, with a warning
        nbformat.validate(node)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        raise NotebookError(
            expected=f"a notebook {path.name}",
            observed=str(error).splitlines()[0],
            try_next="`grader lesson new LESSON-ID` writes one; save it from JupyterLab",
        ) from error
    return parse(node, path)


def _refuse_repeated_ids(path: Path, node: nbformat.NotebookNode) -> None:
    ids = Counter(cell.get("id", "") for cell in node.cells)
    repeated = [id_ for id_, count in ids.items() if count > 1]
    if repeated:
        raise NotebookError(
            expected=f"every cell id once in {path.name}",
            observed=", ".join(repeated),
            try_next="rename all but one of them in the file",
        )


def parse(node: nbformat.NotebookNode, path: Path) -> LessonNotebook:
    """Divide a notebook that is in memory already; `path` is only its name in messages."""
    return LessonNotebook(path, node, tuple(_cell(index, cell) for index, cell in enumerate(node.cells)))


def _cell(index: int, node: nbformat.NotebookNode) -> Cell:
    tags = tuple(node.metadata.get("tags", ()))
    roles = [tag for tag in tags if tag in ROLES]
    return Cell(
        index=index,
        id=node.get("id", ""),
        kind=node.cell_type,
        role=roles[0] if len(roles) == 1 else None,
        source=node.source,
        tags=tags,
        nbgrader=dict(node.metadata.get("nbgrader", {})),
        slipway=dict(node.metadata.get("slipway", {})),
    )
