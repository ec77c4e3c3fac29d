"""The rules for lessons that need no engine; `grader.authoring.prove` has the others."""

from __future__ import annotations

from course import notebooks
from course.manifest import Course, Lesson
from course.notebooks import NotebookError
from grader.authoring.finding import Finding
from grader.authoring.lint.answers_on_show import answers_on_show
from grader.authoring.lint.both_languages import both_languages
from grader.authoring.lint.exercises import exercises
from grader.authoring.lint.inside import inside
from grader.authoring.lint.ladder import ladder
from grader.authoring.lint.language import language
from grader.authoring.lint.names import names
from grader.authoring.lint.objectives import course_wide, objectives, questions
from grader.authoring.lint.release import release
from grader.authoring.lint.structure import structure
from grader.authoring.lint.terminal import terminal

__all__ = ["Finding", "lint_course", "lint_lesson"]


def lint_course(course: Course) -> list[Finding]:
    """Every finding about the course, lesson by lesson, then about the whole."""
    found = [finding for lesson in course.lessons for finding in lint_lesson(course, lesson)]
    return [*found, *course_wide(course)]


def lint_lesson(course: Course, lesson: Lesson) -> list[Finding]:
    """Every finding about one lesson that needs no engine; empty when all is well."""
    try:
        notebook = notebooks.read(lesson.notebook)
    except NotebookError as error:
        return [Finding(lesson.name, lesson.notebook.name, error.expected, error.observed, error.try_next)]
    rules = (
        structure(lesson, notebook),
        exercises(lesson, notebook),
        answers_on_show(lesson, notebook),
        names(lesson, notebook),
        objectives(lesson),
        questions(course, lesson, notebook),
        both_languages(lesson, notebook),
        terminal(lesson, notebook),
        ladder(lesson, notebook),
        language(lesson, notebook),
        release(lesson, notebook),
        inside(lesson, notebook),
        _files(lesson),
    )
    return [finding for rule in rules for finding in rule]


def _files(lesson: Lesson) -> list[Finding]:
    missing = [name for name in ("questions.toml", "instructor.md") if not (lesson.folder / name).is_file()]
    missing += [p.context for p in lesson.prepares if not (lesson.folder / p.context / "Dockerfile").is_file()]
    return [
        Finding(lesson.name, name, "a complete lesson folder", f"no {name}", "see notebooks/README.md, The folder")
        for name in missing
    ]
