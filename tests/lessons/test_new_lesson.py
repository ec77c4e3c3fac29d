"""`grader lesson new` writes a lesson that keeps every rule, and a notebook survives the way to text and back."""

from __future__ import annotations

import pytest

from course import manifest, notebooks
from course.manifest import Course
from grader.authoring.lint import lint_course
from grader.authoring.source.new import NewLessonError, new_lesson
from grader.authoring.source.text import TextError, from_text, to_text


def test_a_new_lesson_keeps_every_rule(fresh: Course) -> None:
    assert fresh.lessons[0].id == "L07"
    assert not "\n".join(str(finding) for finding in lint_course(fresh))


@pytest.mark.parametrize("name", ["L07-other", "7-images", "L08", "L08-Images", "../L08-x"])
def test_a_name_that_is_taken_or_malformed_is_refused(fresh: Course, name: str) -> None:
    with pytest.raises(NewLessonError):
        new_lesson(fresh, name)


@pytest.mark.parametrize("lesson", manifest.load().lessons, ids=lambda lesson: lesson.id)
def test_a_notebook_is_the_same_after_text_and_back(lesson: manifest.Lesson) -> None:
    cells = notebooks.read(lesson.notebook).cells
    again = notebooks.parse(from_text(to_text(cells)), lesson.notebook).cells
    assert [(c.id, c.kind, c.tags, c.source, c.nbgrader, c.slipway) for c in again] == [
        (c.id, c.kind, c.tags, c.source, c.nbgrader, c.slipway) for c in cells
    ]


@pytest.mark.parametrize("text", ["no cell", "%%% nonsense L01-x\ntext", "%%% run L01-x points\ntext"])
def test_text_without_a_cell_or_with_a_wrong_head_is_refused(text: str) -> None:
    with pytest.raises(TextError):
        from_text(text)
