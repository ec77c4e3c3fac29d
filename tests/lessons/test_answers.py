"""Every exercise is proven by answers on a real engine: untouched, reference, right, wrong."""

from __future__ import annotations

from typing import Any

import pytest

from course import manifest, notebooks
from course.manifest import Exercise, Lesson
from grader.authoring.answers import Answer, read_answers, reference
from grader.authoring.prove import claims

COURSE = manifest.load()
EXERCISES = list(COURSE.exercises())
ANSWERS = [
    (lesson, answer)
    for lesson, exercise in EXERCISES
    for answer in read_answers(lesson, notebooks.read(lesson.notebook).exercise(exercise.id))
]

by_exercise = pytest.mark.parametrize(
    ("lesson", "exercise"), EXERCISES, ids=[exercise.id for _, exercise in EXERCISES], scope="module"
)
by_answer = pytest.mark.parametrize(
    ("lesson", "answer"), ANSWERS, ids=[f"{answer.exercise}/{answer.name}" for _, answer in ANSWERS], scope="module"
)


def told(findings: Any) -> str:
    return "\n".join(str(finding) for finding in findings)


@by_exercise
def test_an_untouched_starter_is_not_attempted_and_earns_nothing(
    lesson: Lesson, exercise: Exercise, proven: Any
) -> None:
    attempt = proven.prover.untouched(exercise.id)
    assert not told(claims.starts_unattempted(lesson, attempt))


@by_exercise
def test_the_reference_solution_earns_all_points(lesson: Lesson, exercise: Exercise, proven: Any) -> None:
    attempt = proven.attempt(reference(proven.prover.notebook.exercise(exercise.id)))
    assert not told(claims.earns_all(lesson, attempt))
    assert attempt.earned == exercise.points


@by_answer
def test_an_answer_is_judged_as_its_author_meant(lesson: Lesson, answer: Answer, proven: Any) -> None:
    attempt = proven.attempt(answer)
    claim = claims.earns_all if answer.is_right else claims.fails_as_meant
    assert not told(claim(lesson, attempt))


@by_exercise
def test_each_hidden_check_is_the_only_one_to_catch_a_wrong_answer(
    lesson: Lesson, exercise: Exercise, proven: Any
) -> None:
    wrong = [answer for _, answer in ANSWERS if answer.exercise == exercise.id and not answer.is_right]
    assert not told(claims.hidden_checks_matter(lesson, [proven.attempt(answer) for answer in wrong]))
