"""The recorded result of each mutant, stored with the answers, so that only changed mutants run again.

An entry holds a digest of everything in the exercise that determines the verdict: the changed answer, the check cells,
the setup cell without its imports, and the lesson's files. The code of the checks is shared by the whole course and
not part of the digest; a rotating sample (`due_today`) and every wrong answer cover that.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from course.manifest import COURSE_FILE, LESSON_FILE, QUESTIONS_FILE, Lesson
from course.notebooks import LessonNotebook
from grader.authoring.answers import Answer, folder_of
from grader.authoring.mutate.mutants import mutants

RECORD_FILE = "mutants.json"
SAMPLE = 10
"""So many mutants of the whole course are run again each day."""

_APART = frozenset({"answers", "instructor.md", COURSE_FILE, LESSON_FILE, QUESTIONS_FILE, "__pycache__"})


class Judged(msgspec.Struct, frozen=True):
    """The verdict of one mutant, and the digest of what it was judged on."""

    digest: str
    full_marks: bool


def derived(lesson: Lesson, notebook: LessonNotebook, exercise_id: str) -> dict[str, tuple[Answer, str]]:
    """The mutants of an exercise by name, each with its digest."""
    cells = notebook.exercise(exercise_id)
    common = hashlib.blake2b(digest_size=16)
    for text in (
        *(_without_imports(cell.source) for cell in notebook.of("setup")),
        *(f"{cell.id}\n{cell.source}" for cell in cells.code if cell.role != "starter"),
        repr(lesson.prepares),
        repr(lesson.parameters),
    ):
        common.update(text.encode() + b"\0")
    for path in _files(lesson.folder):
        common.update(f"{path.relative_to(lesson.folder)}\0".encode() + path.read_bytes() + b"\0")
    found = {}
    for mutant in mutants(cells):
        own = common.copy()
        for cell in cells.with_starters(mutant.sources).of("starter"):
            own.update(f"{cell.id}\n{cell.source}\0".encode())
        found[mutant.name] = (mutant, own.hexdigest())
    return found


def read(lesson: Lesson, exercise_id: str) -> dict[str, Judged]:
    """The record of an exercise by the mutants' names; empty when there is none."""
    path = folder_of(lesson, exercise_id) / RECORD_FILE
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Judged]) if path.exists() else {}


def write(lesson: Lesson, exercise_id: str, record: Mapping[str, Judged]) -> None:
    """Keep the record of an exercise, a line for each mutant."""
    lines = (f"{_json(name)}: {_json(entry)}" for name, entry in record.items())
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    (folder_of(lesson, exercise_id) / RECORD_FILE).write_text(text, "utf-8")


def standing(record: Mapping[str, Judged], wanted: Mapping[str, tuple[Answer, str]]) -> dict[str, Judged]:
    """The entries of a record that still hold for the mutants that are derived now."""
    return {
        name: record[name]
        for name, (_, digest) in wanted.items()
        if name in record and record[name].digest == digest
    }  # fmt: skip


def due_today(mutants: Sequence[tuple[str, str]], day: int) -> list[tuple[str, str]]:
    """The sample of a day: neighbours, as those of one exercise share a kernel; the next day takes the next ones.

    Args:
        mutants: exercise and name of each mutant of the course, in order.
        day: a number that grows by one each day, such as `date.toordinal()`.
    """
    first = day * SAMPLE % max(1, len(mutants))
    return [*mutants[first:], *mutants[:first]][:SAMPLE]


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        apart = parts[0] in _APART or path.suffix == ".ipynb" or any(part.startswith(".ipynb") for part in parts)
        if path.is_file() and not apart and "__pycache__" not in parts:
            yield path


def _without_imports(source: str) -> str:
    """The setup cell without imports: the reference solution finds a missing one, and widgets add some."""
    tree = ast.parse(source)
    tree.body = [one for one in tree.body if not isinstance(one, (ast.Import, ast.ImportFrom))]
    return ast.unparse(tree)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
