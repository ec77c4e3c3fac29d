"""The answers beside a lesson: right and wrong ones, each a change of the starter cells of one exercise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from course.errors import CourseError
from course.manifest import Lesson
from course.notebooks import Cell, ExerciseCells

ANSWERS_FILE = "answers.toml"
PROVEN_FILE = "proven.json"  # which proofs of the lesson passed, and on what: tests/support/proven.py
FEWEST_WRONG = 4
PYTHON, DOCKERFILE = ".py", ".dockerfile"


class AnswerError(CourseError):
    """An answer cannot be read: no table, no file, or a name that no starter cell has."""


@dataclass(frozen=True)
class _Entry:
    mistake: str = ""
    fails: str = ""
    why: str = ""


@dataclass(frozen=True)
class Answer:
    """One answer to one exercise.

    Args:
        exercise: the exercise's id.
        name: the file's name without its suffix; it starts with `wrong-` or `right-`.
        sources: the new text of starter cells, by cell id.
        files: files to copy into the learner's folder first, by relative path.
        mistake: for a wrong answer, what a learner did.
        fails: for a wrong answer, the id of the message that the learner must see.
        why: for a right answer, why it is right too.
    """

    exercise: str
    name: str
    sources: dict[str, str]
    files: dict[str, bytes] = field(default_factory=dict)
    mistake: str = ""
    fails: str = ""
    why: str = ""

    @property
    def is_right(self) -> bool:
        return not self.name.startswith("wrong-")


def folder_of(lesson: Lesson, exercise_id: str) -> Path:
    """Where the answers to an exercise lie."""
    return lesson.folder / "answers" / exercise_id


def reference(cells: ExerciseCells) -> Answer:
    """The solution that the notebook itself holds."""
    return Answer(cells.id, "reference", {cell.id: cell.source for cell in cells.of("starter")})


def read_answers(lesson: Lesson, cells: ExerciseCells) -> tuple[Answer, ...]:
    """The answers to one exercise, by name.

    Raises:
        AnswerError: answers.toml is missing or malformed, or names and files do not agree.
    """
    folder = folder_of(lesson, cells.id)
    entries = _entries(folder)
    found = {path.stem: path for path in _answer_paths(folder)}
    if found.keys() != entries.keys():
        raise AnswerError(
            expected=f"one table in {ANSWERS_FILE} for each answer of {cells.id}",
            observed=", ".join(sorted(found.keys() ^ entries.keys())) + " is only on one side",
            try_next="add the file or the table, or remove the other one",
        )
    return tuple(_answer(cells, name, found[name], entries[name]) for name in sorted(found))


def _answer_paths(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(("wrong-", "right-")):
            yield path


def _entries(folder: Path) -> dict[str, _Entry]:
    path = folder / ANSWERS_FILE
    try:
        return msgspec.toml.decode(path.read_bytes(), type=dict[str, _Entry])
    except (OSError, msgspec.DecodeError) as error:
        raise AnswerError(
            expected=f"{folder.name}/{ANSWERS_FILE} with a table for each answer",
            observed=str(error),
            try_next="see notebooks/README.md, Answers",
        ) from error


def _answer(cells: ExerciseCells, name: str, path: Path, entry: _Entry) -> Answer:
    sources, files = _folder_parts(cells, path) if path.is_dir() else (_file_part(cells, path), {})
    return Answer(cells.id, name, sources, files, entry.mistake, entry.fails, entry.why)


def _file_part(cells: ExerciseCells, path: Path) -> dict[str, str]:
    starters = cells.of("starter")
    if len(starters) != 1:
        raise AnswerError(
            expected=f"a folder for each answer, because {cells.id} has {len(starters)} starter cells",
            observed=f"the file {path.name}",
            try_next=f"make a folder {path.stem}/ with files named after the starter cells",
        )
    return {starters[0].id: _cell_text(starters[0], path)}


def _folder_parts(cells: ExerciseCells, folder: Path) -> tuple[dict[str, str], dict[str, bytes]]:
    starters = {cell.id: cell for cell in cells.of("starter")}
    sources: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if path.parent == folder and path.stem in starters and path.suffix in (PYTHON, DOCKERFILE):
            sources[path.stem] = _cell_text(starters[path.stem], path)
        else:
            files[str(path.relative_to(folder))] = path.read_bytes()
    return sources, files


def _cell_text(cell: Cell, path: Path) -> str:
    text = path.read_text("utf-8").rstrip("\n")
    if path.suffix == PYTHON:
        return text
    magic = cell.source.split("\n", 1)[0]
    if path.suffix != DOCKERFILE or not magic.startswith("%%dockerfile"):
        raise AnswerError(
            expected=f"a file that ends in {PYTHON}, or in {DOCKERFILE} for a cell that starts with %%dockerfile",
            observed=f"{path.name} for the cell {cell.id}",
            try_next="rename the file",
        )
    return f"{magic}\n{text}"
