"""One learner's walk through a lesson: each exercise first with a wrong answer, then a hint, then right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from course import notebooks
from course.gateway import journal
from course.manifest import Lesson
from course.notebooks import ExerciseCells
from course.workspace import self_study
from grader.authoring.answers import Answer, read_answers, reference

LEFT_OUT = ("cleanup",)
"""Nothing is closed and nothing is reset: what a lesson made stays while the others go on."""

SHOWN_BY_L03 = 'conflict: unable to remove repository reference "shop:latest"'
"""The lesson removes an image that is in use, to show what the engine says then."""


@dataclass(frozen=True)
class Step:
    """A cell to run.

    Args:
        cell: its id, as the front end names it.
        source: what it holds at that moment.
        expects: "ok", "some" (it may raise), "fewer" or "all" (points of a check).
        attempt: "wrong", "hint" or "right" for the cells of an exercise, "" for others.
    """

    cell: str
    source: str
    expects: str = "ok"
    attempt: str = ""


def steps(lesson: Lesson, refresh: Callable[[], object]) -> Iterator[Step]:
    """The cells of a lesson in the order in which this learner runs them.

    Args:
        lesson: which.
        refresh: puts the lesson's files back, before the right answer: a wrong one may have changed them.
    """
    source = notebooks.read(lesson.notebook)
    copy = notebooks.parse(self_study(lesson.notebook), lesson.notebook)
    exercises = {cell.id: exercise for exercise in copy.exercises() for cell in exercise.cells}
    done: set[str] = set()
    for cell in copy.cells:
        exercise = exercises.get(cell.id)
        if exercise is None:
            if cell.kind == "code" and cell.role not in LEFT_OUT:
                yield Step(cell.id, cell.source)
        elif exercise.id not in done:
            done.add(exercise.id)
            own = source.exercise(exercise.id)
            yield from _attempt(exercise, wrong_answer(lesson, own), "fewer")
            yield Step(f"hint-{exercise.id}", f"%hint {exercise.id}", attempt="hint")
            refresh()
            yield from _attempt(exercise, reference(own), "all")


def wrong_answer(lesson: Lesson, exercise: ExerciseCells) -> Answer:
    """A wrong answer that needs no files beside the notebook, if there is one."""
    wrong = [one for one in read_answers(lesson, exercise) if not one.is_right]
    return min(wrong, key=lambda one: (len(one.files), one.name))


def _attempt(exercise: ExerciseCells, answer: Answer, points: str) -> Iterator[Step]:
    for cell in exercise.with_starters(answer.sources).code:
        expects = points if cell.role == "check" else "some" if points == "fewer" and cell.role == "starter" else "ok"
        yield Step(cell.id, cell.source, expects, "wrong" if points == "fewer" else "right")


def sockets(url: str) -> int:
    """How many connections a session's socket has."""
    path = url.removeprefix("unix://")
    lines = Path("/proc/net/unix").read_text().splitlines()
    return sum(line.endswith(f" {path}") and line.split()[5] == "03" for line in lines)  # 03: connected (unix(7))


def refusals(session: str) -> list[str]:
    """What a session was refused, but for what a lesson shows on purpose."""
    messages = [entry.message for entry in journal(session) if entry.decision == "refused"]
    return [words for words in messages if not words.startswith(SHOWN_BY_L03)]
