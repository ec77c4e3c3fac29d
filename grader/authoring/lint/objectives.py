"""Rules for what a lesson promises: a check tests each objective, and wrong options are known misconceptions."""

from __future__ import annotations

from collections.abc import Iterator

from course.manifest import Course, Lesson, Question
from course.notebooks import LessonNotebook
from grader.authoring.finding import Finding

VAGUE_VERBS = frozenset({"know", "understand", "learn", "appreciate", "be", "see", "grasp"})
MINUTES = range(20, 41)
OBJECTIVES = range(2, 5)
OPTIONS = range(3, 5)
RETURNS_AFTER = 2
"""A misconception is met again so many lessons after the one that introduced it."""


def objectives(lesson: Lesson) -> Iterator[Finding]:
    """The findings about the objectives and the time of one lesson."""
    if lesson.minutes not in MINUTES:
        yield Finding(
            lesson.name, "lesson.toml", "20 to 40 minutes", str(lesson.minutes), "split the lesson, or add to it"
        )
    if len(lesson.objectives) not in OBJECTIVES:
        yield Finding(
            lesson.name,
            "lesson.toml",
            "two to four objectives",
            str(len(lesson.objectives)),
            "choose two to four",
        )
    known = {exercise.id for exercise in lesson.exercises}
    for objective in lesson.objectives:
        verb = objective.text.split()[0].lower() if objective.text.split() else ""
        if not verb or verb in VAGUE_VERBS:
            yield Finding(
                lesson.name, "lesson.toml", "objectives that start with a verb that can be observed",
                f"“{objective.text}”", "use predict, build, choose, explain, start, find …",
            )  # fmt: skip
        if not objective.met_by or not set(objective.met_by) <= known:
            yield Finding(
                lesson.name, "lesson.toml", f"an exercise of this lesson that observes “{objective.text}”",
                f"met_by = {list(objective.met_by)}", "name an exercise, or change the objective",
            )  # fmt: skip


def questions(course: Course, lesson: Lesson, notebook: LessonNotebook) -> Iterator[Finding]:
    """The findings about the predict questions of one lesson."""
    known = {misconception.id for misconception in course.misconceptions}
    for question in lesson.questions:
        yield from _question(lesson, question, known, notebook)
    offered = {option.misconception for question in lesson.questions for option in question.options}
    for id_ in lesson.misconceptions:
        if id_ not in offered:
            yield Finding(
                lesson.name, "questions.toml", f"{id_} as a wrong option of a question", "no option names it", "add one"
            )
    boxed = {id_ for cell in notebook.of("misconception") for id_ in cell.slipway.get("misconceptions", ())}
    for id_ in sorted(set(lesson.misconceptions) - boxed):
        yield Finding(
            lesson.name, "misconception", f"a misconception box for {id_}", "none",
            'add the cell, with {"slipway": {"misconceptions": […]}} in its metadata',
        )  # fmt: skip


def _question(lesson: Lesson, question: Question, known: set[str], notebook: LessonNotebook) -> Iterator[Finding]:
    right = [option for option in question.options if option.right]
    unnamed = [o.text for o in question.options if not o.right and o.misconception not in known]
    faults = {
        "three or four options": len(question.options) in OPTIONS,
        "exactly one right option": len(right) == 1,
        "a known misconception on each wrong option": not unnamed,
        f"an id that starts with {lesson.id}-": question.id.startswith(f"{lesson.id}-"),
    }
    for expected, holds in faults.items():
        if not holds:
            yield Finding(lesson.name, question.id, expected, f"{unnamed or question.options}", "fix questions.toml")
    for role in ("predict", "explain"):
        if not any(f'{role}("{question.id}")' in cell.source for cell in notebook.of(role)):
            yield Finding(
                lesson.name, question.id, f'a cell with {role}("{question.id}")', "none",
                "add the cell, or remove the question",
            )  # fmt: skip


def course_wide(course: Course) -> Iterator[Finding]:
    """The findings about the course as a whole: needs, folders, and misconceptions that must return."""
    names = [lesson.id for lesson in course.lessons]
    for index, lesson in enumerate(course.lessons):
        for need in lesson.needs:
            if need not in names[:index]:
                yield Finding(lesson.name, "lesson.toml", "needs that are earlier lessons", need, "correct the id")
    folders = {path.parent.name for path in course.root.glob("*/lesson.toml")}
    for name in sorted(folders ^ {lesson.name for lesson in course.lessons}):
        yield Finding("course", name, "every lesson folder in course.toml", "only one of the two", "add or remove it")
    yield from _returns(course)


def _returns(course: Course) -> Iterator[Finding]:
    met: set[str] = set()
    for index, lesson in enumerate(course.lessons):
        new = [id_ for id_ in lesson.misconceptions if id_ not in met]
        met.update(new)
        if index + RETURNS_AFTER >= len(course.lessons):
            continue
        later = course.lessons[index + RETURNS_AFTER]
        offered = {option.misconception for question in later.questions for option in question.options}
        for id_ in new:
            if id_ not in offered:
                yield Finding(
                    later.name, "questions.toml", f"{id_}, which {lesson.id} introduced, as a wrong option again",
                    "no option names it", "add a review question",
                )  # fmt: skip
