"""The course as data: `notebooks/course.toml` and each lesson's `lesson.toml` and `questions.toml`.

`course.toml` gives the title, the lessons in order and the misconceptions. What belongs to one lesson lies in its own
folder, so that two authors never edit one file. The format is described in `notebooks/README.md`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from course.errors import CourseError

COURSE_FILE = "course.toml"
LESSON_FILE = "lesson.toml"
QUESTIONS_FILE = "questions.toml"

_T = TypeVar("_T")


class ManifestError(CourseError):
    """A manifest file is missing, is not TOML, or does not have the declared fields."""


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a TOML file: a misspelt field is an error, not a default."""


class Misconception(_Table, frozen=True, kw_only=True):
    """A wrong idea about containers that learners bring, and what the engine shows against it."""

    id: str
    claim: str
    counter_example: str
    rule: str


class Objective(_Table, frozen=True, kw_only=True):
    """What a learner can do afterwards; the text starts with an observable verb.

    `met_by` names the exercises whose checks observe it.
    """

    text: str
    met_by: tuple[str, ...]


class StateHint(_Table, frozen=True, kw_only=True):
    """A hint for a state that the engine shows: the first one that matches the learner's object is given.

    Exactly one of `container` and `image` names the object. `status` is a container status of the Engine API
    ("created", "running", "exited", …) or "absent"; for an image "absent" or "present". None matches everything.
    """

    text: str
    container: str | None = None
    image: str | None = None
    status: str | None = None
    exit_code: int | None = None

    def matches(self, status: str, exit_code: int | None = None) -> bool:
        """Whether the hint fits an observed status ("absent" where nothing has the name) and exit code."""
        return self.status in (None, status) and self.exit_code in (None, exit_code)


class Exercise(_Table, frozen=True, kw_only=True):
    """One graded exercise: its id starts with the lesson's id, as in `L01-stay-up`."""

    id: str
    title: str
    points: float
    minutes: int
    hints: tuple[str, ...]
    state_hints: tuple[StateHint, ...] = ()


class Prepared(_Table, frozen=True, kw_only=True):
    """An image that an earlier lesson would have left: built from a folder of this lesson when it is missing."""

    image: str
    context: str


class Parameter(_Table, frozen=True, kw_only=True):
    """A value that differs between learners and stays the same over attempts.

    Either one of `choices`, or a whole number in `between` (both ends included).
    """

    name: str
    choices: tuple[str, ...] = ()
    between: tuple[int, int] | None = None


class Option(_Table, frozen=True, kw_only=True):
    """One answer of a question: the right one, or a wrong one that names its misconception."""

    text: str
    right: bool = False
    misconception: str | None = None


class Question(_Table, frozen=True, kw_only=True):
    """A question that a learner answers before the engine shows the truth.

    `because` finishes the sentence "you predicted …, the answer is …, because …".
    """

    id: str
    text: str
    options: tuple[Option, ...]
    because: str

    @property
    def answer(self) -> Option:
        """The right option; `grader lesson lint` holds their number at one."""
        return next(option for option in self.options if option.right)


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """One lesson: a folder with a notebook, its files, and the answers that prove it."""

    id: str
    folder: Path
    title: str
    idea: str
    minutes: int
    objectives: tuple[Objective, ...]
    misconceptions: tuple[str, ...]
    exercises: tuple[Exercise, ...]
    needs: tuple[str, ...]
    prepares: tuple[Prepared, ...]
    parameters: tuple[Parameter, ...]
    questions: tuple[Question, ...]

    @property
    def name(self) -> str:
        """The folder's name, which is also the name of the nbgrader assignment: `L01-containers`."""
        return self.folder.name

    @property
    def notebook(self) -> Path:
        """The notebook with solutions, the source of the released copy."""
        return self.folder / f"{self.name}.ipynb"

    @property
    def points(self) -> float:
        """The points of all exercises."""
        return sum(exercise.points for exercise in self.exercises)

    def exercise(self, exercise_id: str) -> Exercise:
        """The exercise with this id. Raises ManifestError when the lesson has none."""
        return _pick(self.exercises, exercise_id, f"an exercise of {self.id}")

    def question(self, question_id: str) -> Question:
        """The question with this id. Raises ManifestError when the lesson has none."""
        return _pick(self.questions, question_id, f"a question of {self.id}")


@dataclass(frozen=True, kw_only=True)
class Course:
    """The whole course, lessons in the order in which they are taken."""

    title: str
    root: Path
    lessons: tuple[Lesson, ...]
    misconceptions: tuple[Misconception, ...]

    def lesson(self, lesson_id: str) -> Lesson:
        """The lesson with this id (`L01`) or folder name (`L01-containers`). Raises ManifestError."""
        return _pick(self.lessons, lesson_id.split("-", 1)[0], "a lesson of the course")

    def exercise(self, exercise_id: str) -> Exercise:
        """The exercise with this id. Raises ManifestError."""
        return self.lesson(exercise_id).exercise(exercise_id)

    def question(self, question_id: str) -> Question:
        """The question with this id. Raises ManifestError."""
        return self.lesson(question_id).question(question_id)

    def exercises(self) -> Iterator[tuple[Lesson, Exercise]]:
        """Every exercise with its lesson, in the order of the course."""
        for lesson in self.lessons:
            for exercise in lesson.exercises:
                yield lesson, exercise


class _CourseFile(_Table, frozen=True, kw_only=True):
    title: str
    lessons: tuple[str, ...]
    misconceptions: dict[str, dict[str, str]] = {}  # msgspec copies an empty default for each object


class _LessonFile(_Table, frozen=True, kw_only=True):
    title: str
    idea: str
    minutes: int
    objectives: tuple[Objective, ...]
    exercises: tuple[Exercise, ...]
    misconceptions: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    prepares: tuple[Prepared, ...] = ()
    parameters: tuple[Parameter, ...] = ()


class _QuestionsFile(_Table, frozen=True, kw_only=True):
    questions: tuple[Question, ...] = ()


def notebooks_dir() -> Path:
    """The folder with `course.toml`: `SLIPWAY_NOTEBOOKS`, else the lessons in the wheel, else those of the clone."""
    override = os.environ.get("SLIPWAY_NOTEBOOKS")
    here = Path(__file__).resolve().parent
    installed = here / "lessons"  # pyproject.toml puts notebooks/ there
    return Path(override) if override else installed if installed.is_dir() else here.parent / "notebooks"


def load(path: Path | None = None) -> Course:
    """Read the course.

    Args:
        path: a `course.toml` or the folder that holds it; by default `notebooks_dir()`.

    Raises:
        ManifestError: a file is missing or has a field too many, too few, or of the wrong type.
    """
    root = notebooks_dir() if path is None else path if path.is_dir() else path.parent
    data = _read(root / COURSE_FILE, _CourseFile)
    wrong_ideas = tuple(_misconception(root, id_, fields) for id_, fields in data.misconceptions.items())
    lessons = tuple(load_lesson(root / name) for name in data.lessons)
    return Course(title=data.title, root=root, lessons=lessons, misconceptions=wrong_ideas)


def load_lesson(folder: Path) -> Lesson:
    """Read one lesson's folder. Raises ManifestError as `load` does."""
    data = _read(folder / LESSON_FILE, _LessonFile)
    asked = folder / QUESTIONS_FILE
    return Lesson(
        id=folder.name.split("-", 1)[0],
        folder=folder,
        title=data.title,
        idea=data.idea,
        minutes=data.minutes,
        objectives=data.objectives,
        misconceptions=data.misconceptions,
        exercises=data.exercises,
        needs=data.needs,
        prepares=data.prepares,
        parameters=data.parameters,
        questions=_read(asked, _QuestionsFile).questions if asked.exists() else (),
    )


def _misconception(root: Path, id_: str, fields: dict[str, str]) -> Misconception:
    try:
        return msgspec.convert({"id": id_, **fields}, Misconception)
    except msgspec.ValidationError as error:
        raise _malformed(root / COURSE_FILE, f"misconceptions.{id_}: {error}") from error


def _read(path: Path, kind: type[_T]) -> _T:
    try:
        wanted: Any = kind  # a class is Hashable, but mypy does not know
        parsed: _T = _parsed(path.read_bytes(), wanted)
        return parsed
    except FileNotFoundError as error:
        raise ManifestError(
            expected=f"a file {path.name} in the folder {path.parent.name}",
            observed="no such file",
            try_next="`grader lesson new LESSON-ID` writes a lesson with every file it needs",
        ) from error
    except msgspec.DecodeError as error:  # also the base of ValidationError
        raise _malformed(path, str(error)) from error


@lru_cache(maxsize=128)
def _parsed(content: bytes, kind: type[Any]) -> Any:
    """Parse a file once for as long as it says the same: a lesson asks for the course in every second cell."""
    return msgspec.toml.decode(content, type=kind)


def _malformed(path: Path, fault: str) -> ManifestError:
    return ManifestError(
        expected=f"{path.parent.name}/{path.name} as notebooks/README.md describes it",
        observed=fault,
        try_next=f"correct that field in {path.parent.name}/{path.name}",
    )


_Named = TypeVar("_Named", Lesson, Exercise, Question)


def _pick(items: tuple[_Named, ...], wanted: str, what: str) -> _Named:
    for item in items:
        if item.id == wanted:
            return item
    known = ", ".join(item.id for item in items) or "none"
    raise ManifestError(expected=what, observed=f"{wanted!r} is not among: {known}", try_next="use one of these ids")
