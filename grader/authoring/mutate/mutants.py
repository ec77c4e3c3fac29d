"""The faulty variants of an exercise's reference solution, and the survivors that an author has explained."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from course.manifest import Lesson
from course.notebooks import ExerciseCells
from grader.authoring.answers import Answer, AnswerError, folder_of
from grader.authoring.mutate.dockerfile_faults import Fault, dockerfile_faults
from grader.authoring.mutate.python_faults import python_faults

SURVIVORS_FILE = "survivors.toml"

_REGION = re.compile(
    r"(?P<before>.*^### BEGIN SOLUTION\n)(?P<solution>.*)(?P<after>^### END SOLUTION.*)", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Explained:
    """A mutant that gets full marks, and why that is right."""

    mutant: str
    reason: str


def mutants(cells: ExerciseCells) -> Iterator[Answer]:
    """One answer for each fault, in each starter cell of the exercise; equal ones only once."""
    seen = {cell.source for cell in cells.of("starter")}
    names: Counter[str] = Counter()
    for cell in cells.of("starter"):
        match = _REGION.fullmatch(cell.source)
        if match is None:
            continue
        is_docker = cell.source.startswith("%%dockerfile")
        for words, text in _faults(match["solution"], is_docker=is_docker):
            source = f"{match['before']}{text.rstrip()}\n{match['after']}"
            if source not in seen:
                seen.add(source)
                name = f"{cell.id}: {words}"
                names[name] += 1
                unique = name if names[name] == 1 else f"{name} ({names[name]})"
                yield Answer(cells.id, unique, {cell.id: source}, mistake=words)


def explained(lesson: Lesson, exercise_id: str) -> tuple[Explained, ...]:
    """The survivors that the author has explained; none when there is no file.

    Raises:
        AnswerError: the file is malformed.
    """
    path = folder_of(lesson, exercise_id) / SURVIVORS_FILE
    if not path.exists():
        return ()
    try:
        return msgspec.toml.decode(path.read_bytes(), type=dict[str, tuple[Explained, ...]]).get("survivors", ())
    except msgspec.DecodeError as error:
        raise AnswerError(
            expected=f"{exercise_id}/{SURVIVORS_FILE} with [[survivors]], each a mutant and a reason",
            observed=str(error),
            try_next="see notebooks/README.md, Mutants",
        ) from error


def _faults(solution: str, *, is_docker: bool) -> Iterator[Fault]:
    return dockerfile_faults(solution) if is_docker else python_faults(solution)
