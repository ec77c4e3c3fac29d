"""Honest submissions, written from the answers that lie beside each lesson: right, partly right, wrong, untouched.

    lesson = load().lesson("L03")
    for made in honest(lesson, 8):
        made.write(root / "submitted" / made.student)

Nothing is random: the same lesson and count give the same submissions, so that two runs can be compared row by row.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import count, islice
from pathlib import Path
from typing import Any

import nbformat

from course import notebooks
from course.manifest import Lesson, load
from course.workspace import place, released
from grader.authoring.answers import Answer, read_answers, reference
from grader.examine.job import Job, read_folder

NAMES = ("Ada", "Bo Chen", "Çelik", "D’Arcy", "Érik Ô", "Faye-2", "Gül", "李雷")  # ids of a roster
DEMONSTRATIONS = ("predict", "run", "explain", "change", "cleanup")
"""Cells that no exercise needs, by their tag; a learner may delete them, and a test that does is quicker."""


@dataclass(frozen=True)
class Submission:
    """One learner's work on one lesson.

    Args:
        student: the learner's id; it also chooses the learner's parameters.
        lesson: the lesson.
        kind: "right", "partly", "wrong" or "untouched".
        answers: what was written, by exercise; an exercise without one is untouched.
        whole: whether the demonstrations are in it.
    """

    student: str
    lesson: Lesson
    kind: str
    answers: dict[str, Answer] = field(default_factory=dict)
    whole: bool = True

    def notebook(self) -> Any:
        """The notebook as it is submitted: no outputs, and the answers in the place of the starter cells."""
        node = copy.deepcopy(_released(self.lesson))
        sources = {id_: text for answer in self.answers.values() for id_, text in answer.sources.items()}
        if not self.whole:
            node.cells = [cell for cell in node.cells if not set(cell.metadata.get("tags", ())) & {*DEMONSTRATIONS}]
        for cell in node.cells:
            if cell.id in sources:
                cell.source = without_marks(sources[cell.id])
        return node

    def write(self, folder: Path) -> Path:
        """Write the lesson's folder into a learner's folder; return the notebook's path."""
        notebook = place(self.lesson, folder)
        for answer in self.answers.values():
            for name, content in answer.files.items():
                (notebook.parent / name).parent.mkdir(parents=True, exist_ok=True)
                (notebook.parent / name).write_bytes(content)
        nbformat.write(self.notebook(), notebook)
        return notebook

    def job(self, folder: Path) -> Job:
        """The same as a job for an examiner, with the instructor's own folder as its source.

        Args:
            folder: where the submission is written first.
        """
        self.write(folder)
        submitted, skipped = read_folder(folder / self.lesson.name)
        return Job(
            student=self.student,
            lesson=self.lesson.name,
            notebook=self.lesson.notebook.name,
            source=read_folder(self.lesson.folder)[0],
            submitted=submitted,
            skipped=skipped,
        )


def honest(lesson: Lesson, number: int, *, whole: bool = True) -> list[Submission]:
    """So many submissions of a lesson: first all right, then untouched, then every mixture of right and wrong.

    The wrong answers of an exercise take turns.
    """
    return list(islice(_honest(lesson, whole), number))


def write_class(root: Path, lessons: list[str], number: int, *, whole: bool = True) -> list[Submission]:
    """Write so many submissions of each lesson below `root` as `LEARNER/LESSON`; return them all."""
    course = load()
    made = [one for id_ in lessons for one in honest(course.lesson(id_), number, whole=whole)]
    for one in made:
        one.write(root / one.student)
    return made


DEPEND_ON_THE_MOMENT = frozenset({("L05-fleet", "wrong-base-image")})
"""Answers whose containers end by themselves soon after their start: their marks differ between any two runs."""


def without_marks(source: str) -> str:
    """A solution as a learner would write it: without the lines that mark its region."""
    return "\n".join(line for line in source.split("\n") if "### BEGIN" not in line and "### END" not in line)


def _honest(lesson: Lesson, whole: bool) -> Iterator[Submission]:
    notebook = notebooks.read(lesson.notebook)
    exercises = notebook.exercises()
    right = {cells.id: [reference(cells), *_answers(lesson, cells, right=True)] for cells in exercises}
    wrong = {cells.id: _answers(lesson, cells, right=False) for cells in exercises}
    references = {id_: answers[0] for id_, answers in right.items()}
    yield Submission(_student(0), lesson, "right", references, whole)
    yield Submission(_student(1), lesson, "untouched", {}, whole)
    for turn in count():
        # in a turn of three: all exercises wrong; one right and the others wrong; one untouched and the others right
        chosen: dict[str, Answer] = {}
        for place_, cells in enumerate(exercises):
            is_odd_one = (turn + place_) % len(exercises) == 0
            if turn % 3 == 0 or (turn % 3 == 1 and not is_odd_one):
                chosen[cells.id] = wrong[cells.id][turn % len(wrong[cells.id])]
            elif turn % 3 == 1 or not is_odd_one:
                chosen[cells.id] = right[cells.id][turn % len(right[cells.id])]
        kind = "wrong" if turn % 3 == 0 else "partly"
        yield Submission(_student(turn + 2), lesson, kind, chosen, whole)


def _answers(lesson: Lesson, cells: notebooks.ExerciseCells, *, right: bool) -> list[Answer]:
    return [
        answer
        for answer in read_answers(lesson, cells)
        if answer.is_right is right and (answer.exercise, answer.name) not in DEPEND_ON_THE_MOMENT
    ]


def _student(number: int) -> str:
    name = NAMES[number % len(NAMES)]
    return name if number < len(NAMES) else f"{name} {number // len(NAMES) + 1}"


@cache
def _released(lesson: Lesson) -> Any:
    return released(lesson.notebook)
