"""Which lesson this process works on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from course.errors import CourseError

if TYPE_CHECKING:
    from course.manifest import Lesson

_chosen: list[str] = []


class NoLesson(CourseError):
    """No lesson was set up, and the current folder is not that of one."""


def choose(lesson_id: str) -> None:
    """From here on, work on this lesson (`setup` calls it)."""
    _chosen[:] = [lesson_id]


def current(lesson_id: str | None = None) -> Lesson:
    """The lesson with that id; without an id the one that was set up, else the one whose folder is the current one.

    Raises:
        NoLesson: there is none.
        ManifestError: the course has no lesson with that id.
    """
    from course.manifest import load

    course = load()
    here = Path.cwd().name
    if lesson_id or _chosen:
        return course.lesson(lesson_id or _chosen[0])
    for lesson in course.lessons:
        if here in (lesson.name, lesson.id):
            return lesson
    raise NoLesson("a lesson that was set up", f"none, and the folder is {here}", 'run the set-up cell: setup("L01")')
