"""Which lesson this process works on."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course.errors import CourseError

if TYPE_CHECKING:
    from course.manifest import Lesson
    from course.widgets.earlier import Maker

_chosen: list[str] = []


class NoLesson(CourseError):
    """No lesson was set up, and the current folder is not that of one."""


def choose(lesson_id: str) -> None:
    """From here on, work on this lesson (`setup` calls it): each cell of this kernel is a turn of it."""
    from course.widgets import earlier

    _chosen[:] = [lesson_id]
    prepared = frozenset(one.image for one in current(lesson_id).prepares)
    earlier.see_from(earlier.Viewpoint(lesson_id, prepared, _makers))
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None and take_turn not in shell.events.callbacks["pre_run_cell"]:
        shell.events.register("pre_run_cell", take_turn)


def _makers() -> Maker:
    """Which lesson made an object of this process's session, as the note has it now."""
    from course.lesson import belongings
    from course.session.attach import given_session

    session = given_session()
    if session is None:
        return lambda _kind, _ref, _made: belongings.NOBODY
    owners = belongings.owners(session.id)
    return lambda kind, ref, made: owners.of(belongings.key_of(kind, ref, made))


def take_turn(_info: object = None) -> None:
    """Note that what a cell makes belongs to the lesson of this kernel, also when another notebook was used last."""
    from course.lesson import belongings
    from course.session.attach import given_session
    from course.session.client import client

    session = given_session()
    if session is None or not _chosen or belongings.turn_of(session.id) in (belongings.NOBODY, _chosen[0]):
        return
    with suppress(CourseError), client(session.url) as engine:  # a cell says itself when the engine is away
        belongings.lesson_begins(engine, session.id, _chosen[0])


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
