"""Prove every exercise of a lesson on the engine, with all of its answers."""

from __future__ import annotations

from collections.abc import Iterator

from course.manifest import Exercise
from grader.authoring.answers import read_answers, reference
from grader.authoring.finding import Finding
from grader.authoring.prove import claims
from grader.authoring.prove.attempt import Prover


def prove(prover: Prover, exercise: Exercise) -> Iterator[Finding]:
    """Run the untouched starter, the reference solution and every answer of one exercise; yield what does not hold."""
    lesson, cells = prover.lesson, prover.notebook.exercise(exercise.id)
    yield from claims.starts_unattempted(lesson, prover.untouched(exercise.id))
    yield from claims.earns_all(lesson, prover.attempt(reference(cells)))
    wrong = []
    for answer in read_answers(lesson, cells):
        attempt = prover.attempt(answer)
        if answer.is_right:
            yield from claims.earns_all(lesson, attempt)
        else:
            wrong.append(attempt)
            yield from claims.fails_as_meant(lesson, attempt)
    yield from claims.hidden_checks_matter(lesson, wrong)
