"""`grader lesson new`: a lesson that already follows every rule, to edit cell by cell."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import nbformat

from course.errors import CourseError
from course.manifest import Course, Misconception
from grader.authoring.source.text import from_text

_NAME = re.compile(r"(?P<id>L\d\d)-(?P<words>[a-z]+(?:-[a-z]+)*)")
_TEMPLATES = ("lesson.toml", "questions.toml", "instructor.md")
MINUTES = 30


class NewLessonError(CourseError):
    """A new lesson cannot be written under this name."""


def new_lesson(course: Course, name: str) -> Path:
    """Write the folder of a new lesson.

    Args:
        course: the manifest; the folder is created next to its `course.toml`, which doesn't change.
        name: the folder's name, such as `L02-images`.

    Returns:
        the new folder.

    Raises:
        NewLessonError: the name has another form, or a lesson has this id already.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise NewLessonError("a name such as L02-images", repr(name), "give the lesson a number and a short word")
    taken = [path.name for path in course.root.glob(f"{match['id']}-*")]
    if taken:
        raise NewLessonError(f"no lesson {match['id']} yet", f"the folder {taken[0]}", "take the next free number")
    folder = course.root / name
    fields = _fields(course, match["id"], match["words"])
    exercise = folder / "answers" / f"{match['id']}-hello"
    exercise.mkdir(parents=True)
    for file in _TEMPLATES:
        (folder / file).write_text(_template(file).format(**fields), "utf-8")
    for answer in resources.files(__package__).joinpath("template", "answers").iterdir():
        (exercise / answer.name.removesuffix(".txt")).write_text(answer.read_text("utf-8"), "utf-8")
    nbformat.write(from_text(_template("notebook.txt").format(**fields)), folder / f"{name}.ipynb")
    return folder


def _fields(course: Course, lesson_id: str, words: str) -> dict[str, str]:
    wrong_idea = _least_used(course)
    needs = course.lessons[-1].id if course.lessons else ""
    return {
        "id": lesson_id,
        "title": words.replace("-", " ").capitalize(),
        "minutes": str(MINUTES),
        "needs": f'"{needs}"' if needs else "",
        "misconception": wrong_idea.id,
        "claim": wrong_idea.claim,
        "counter_example": wrong_idea.counter_example,
        "rule": wrong_idea.rule,
    }


def _least_used(course: Course) -> Misconception:
    """A misconception that no lesson introduces yet, else the first one."""
    used = {id_ for lesson in course.lessons for id_ in lesson.misconceptions}
    return next((m for m in course.misconceptions if m.id not in used), course.misconceptions[0])


def _template(name: str) -> str:
    return resources.files(__package__).joinpath("template", name).read_text("utf-8")
