"""Rules for the prose: no belittling words, no translated idioms, easy to read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from course.manifest import Lesson
from course.notebooks import LessonNotebook
from grader.authoring.finding import Finding
from grader.authoring.lint.words import grade, prose

HARDEST_GRADE = 8.0
BELITTLING = ("just", "simply", "obviously", "trivially", "basically")

DIALECT = {
    "anew": "again",
    "mend": "fix, or repair",
    "stands on": "is based on",
    "stand on": "are based on",
    "ended well": "exited with code 0",
    "ends well": "exits with code 0",
    "pile": "stack",
    "lays out": "sets up",
    "for ever": "forever",
    "wherein": "in which",
}
"""Words that no technical writer uses, and what one writes (notebooks/README.md, Language)."""
_DIALECT = re.compile(rf"\b(?:{'|'.join(DIALECT)}|mends|mended|mending|piles)\b", re.I)
_BELITTLING = re.compile(rf"\b(?:{'|'.join(BELITTLING)})\b", re.I)


def language(lesson: Lesson, notebook: LessonNotebook) -> Iterator[Finding]:
    """The findings about the words of one lesson: its Markdown cells and the texts of its TOML files."""
    texts = [(cell.id, cell.source) for cell in notebook.cells if cell.kind == "markdown"]
    for where, text in [*texts, *_toml_texts(lesson)]:
        yield from _wording(lesson, where, prose(text))
    level = grade("\n\n".join(text for _, text in texts))
    if level > HARDEST_GRADE:
        hardest = max(texts, key=lambda item: grade(item[1]))
        yield Finding(
            lesson.name, "prose", f"a Flesch-Kincaid grade of at most {HARDEST_GRADE:g}",
            f"{level:.1f}; the hardest cell is {hardest[0]} ({grade(hardest[1]):.1f})",
            "make sentences shorter, and choose shorter words",
        )  # fmt: skip


def _wording(lesson: Lesson, where: str, text: str) -> Iterator[Finding]:
    for match in _DIALECT.finditer(text):
        better = next(meant for word, meant in DIALECT.items() if match[0].lower().startswith(word))
        yield Finding(lesson.name, where, "the English of a technical writer", f"“{match[0]}”", f"write: {better}")
    for match in _BELITTLING.finditer(text):
        yield Finding(
            lesson.name, where, "no words that say how easy a thing is", f"“{match[0]}”", "leave the word out"
        )


def _toml_texts(lesson: Lesson) -> Iterator[tuple[str, str]]:
    yield "lesson.toml", lesson.idea
    for objective in lesson.objectives:
        yield "lesson.toml", objective.text
    for exercise in lesson.exercises:
        for text in (*exercise.hints, *(hint.text for hint in exercise.state_hints)):
            yield exercise.id, text
    for question in lesson.questions:
        for text in (question.text, question.because, *(option.text for option in question.options)):
            yield question.id, text
