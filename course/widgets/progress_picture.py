"""progress_map: the lessons and their exercises, what is done, what is open, and where to go next."""

from __future__ import annotations

import contextlib
import threading
from html import escape
from typing import Any

from course import progress
from course.manifest import Course, Exercise, Lesson, load
from course.progress import LessonRecord
from course.standing import Standing, Summary, earned, solved, summarise, tried
from course.widgets.drawn import Drawn, source
from course.widgets.words import counted

LOOK_SECONDS = 1.0
"""How often the record on disk is looked at; other kernels, and the command line, write it too."""


class ProgressMap(Drawn):
    """The map of the course for this learner.

    Raises:
        ManifestError: the course cannot be read.
    """

    kind = "progress-map"
    commands = None  # there is nothing to command: links open notebooks
    _esm = source("parts.js", "beside.js", "progress_map.js")
    _css = source("tokens.css", "progress_map.css")

    def __init__(self) -> None:
        self._course, self._seen, self._ended = load(), progress.stamp(), threading.Event()
        super().__init__()
        self.look()
        if self._live:
            threading.Thread(target=self._watch, name="slipway-progress", daemon=True).start()

    def close(self) -> None:
        """End the map: the record is not looked at any more."""
        self._ended.set()
        super().close()

    def look(self) -> None:
        """Read the record, and draw it."""
        record = progress.read()
        summary = summarise(self._course, record)
        state = _state(self._course, summary, [record.lesson(lesson.id) for lesson in self._course.lessons])
        if state != self.state:
            self.state = state

    def text(self) -> str:
        """Each lesson, below it its exercises; then what is next."""
        lines = [f"Your progress: {self.state['summary']}"]
        for lesson in self.state["lessons"]:
            lines.append(f"{'→' if lesson['next'] else ' '} {lesson['name']}: {lesson['words']}, {lesson['detail']}")
            lines += [f"    {one['title']}: {one['words']}, {one['detail']}" for one in lesson["exercises"]]
        return "\n".join([*lines, self.state["next"]])

    def html(self) -> str:
        """A table with a link to each lesson's notebook."""
        rows = []
        for lesson in self.state["lessons"]:
            link = f"<a href='{escape(lesson['link'], quote=True)}'>{escape(lesson['name'])}</a>"
            parts = [f"{escape(one['title'])}: {one['words']}" for one in lesson["exercises"]]
            cells = (
                f"{link}{' ← next' if lesson['next'] else ''}",
                lesson["words"],
                lesson["detail"],
                "<br>".join(parts),
            )
            rows.append("<tr>" + "".join(f"<td style='text-align:left'>{cell}</td>" for cell in cells) + "</tr>")
        return (
            f"<table><caption>Your progress: {self.state['summary']}</caption>"
            "<thead><tr><th>Lesson</th><th>State</th><th>Points</th><th>Exercises</th></tr></thead>"
            f"<tbody>{''.join(rows)}</tbody></table><p>{escape(self.state['next'])}</p>"
        )

    def _watch(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            with contextlib.suppress(OSError):  # a file system that is away for a moment
                if (stamp := progress.stamp()) != self._seen:
                    self._seen = stamp
                    self.look()


def progress_map() -> ProgressMap:
    """Show every lesson and exercise, what is done and open, with a link to the next.

    Raises:
        ManifestError: the course cannot be read.
    """
    return ProgressMap()


def _state(course: Course, summary: Summary, records: list[LessonRecord]) -> dict[str, Any]:
    done = sum(one.done for one in summary.lessons)
    following = next((one.lesson for one in summary.lessons if not one.done), "")
    lessons = [
        {
            "id": lesson.id,
            "name": f"{lesson.id} {lesson.title}",
            "link": f"../{lesson.name}/{lesson.notebook.name}",
            "status": "done" if standing.done else "begun" if standing.opened else "open",
            "words": standing.state,
            "detail": _lesson_detail(lesson, standing),
            "next": lesson.id == following,
            "exercises": [_exercise(exercise, record) for exercise in lesson.exercises],
        }
        for lesson, standing, record in zip(course.lessons, summary.lessons, records, strict=True)
    ]
    return {
        "summary": f"{done} of {counted(len(lessons), 'lesson')} done",
        "lessons": lessons,
        "next": f"Next: {summary.next_step}",
    }


def _lesson_detail(lesson: Lesson, standing: Standing) -> str:
    parts = [f"{standing.points:g} of {standing.out_of:g} points"] if lesson.exercises else []
    parts += [standing.predictions] if lesson.questions else []
    return ", ".join([*parts, f"about {lesson.minutes} minutes"])


def _exercise(exercise: Exercise, record: LessonRecord) -> dict[str, str]:
    status = "done" if solved(exercise, record) else "begun" if tried(exercise, record) else "open"
    words = {"done": "✓ done", "begun": "… begun", "open": "○ open"}[status]
    return {
        "id": exercise.id,
        "title": exercise.title,
        "status": status,
        "words": words,
        "detail": f"{earned(exercise, record):g} of {exercise.points:g} points"
        + (", solution seen" if exercise.id in record.solutions else ""),
    }
