"""The lessons keep every rule that needs no engine."""

from __future__ import annotations

import pytest

from course import manifest
from course.manifest import Course, Lesson
from grader.authoring.lint import lint_lesson
from grader.authoring.lint.objectives import course_wide

COURSE = manifest.load()


@pytest.mark.parametrize("lesson", COURSE.lessons, ids=lambda lesson: lesson.id)
def test_a_lesson_keeps_every_rule(course: Course, lesson: Lesson) -> None:
    assert not "\n".join(str(finding) for finding in lint_lesson(course, lesson))


def test_the_course_keeps_every_rule(course: Course) -> None:
    assert not "\n".join(str(finding) for finding in course_wide(course))
