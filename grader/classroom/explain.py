"""Why a learner has the points that they have: from the examination that was kept, also a year later."""

from __future__ import annotations

import time
from collections.abc import Iterator

from grader.checks.grade import one_line
from grader.classroom.errors import NothingKept
from grader.classroom.keeping import Keeping
from grader.classroom.workspace import Workspace
from grader.examine.examination import Examination, Mark


def explanation(workspace: Workspace, student: str, exercise: str) -> Iterator[str]:
    """The lines that explain one learner's marks in one exercise.

    Raises:
        NothingKept: no examination of that learner has that exercise.
    """
    keeping = Keeping(workspace)
    found = [kept for lesson in workspace.lessons() if (kept := keeping.latest(lesson, student))]
    for examination in found:
        marks = [mark for mark in examination.marks if exercise in (mark.exercise, mark.cell)]
        if marks:
            yield from _lines(examination, marks)
            return
    known = sorted({mark.exercise for one in found for mark in one.marks})
    raise NothingKept(
        f"an examination of {student!r} with the exercise {exercise!r}",
        f"there is one with {', '.join(known)}" if known else f"there is none of {student!r}",
        "`grader grade LESSON` examines; its table names the learners",
    )


def _lines(examination: Examination, marks: list[Mark]) -> Iterator[str]:
    yield f"{examination.student}, {examination.lesson}"
    for mark in marks:
        earned = "–" if mark.earned is None else f"{mark.earned:g}"
        yield f"{mark.outcome.symbol} {mark.cell}: {earned} of {mark.points:g} points, {mark.outcome.words}"
        for result in mark.results:
            yield f"    {result.outcome.symbol} {result.title}"
            if not result.passed:
                yield f"      expected: {one_line(result.expected)}"
                yield f"      observed: {one_line(result.observed)}"
        if not mark.results and mark.said:
            yield from (f"    {line}" for line in mark.said.splitlines())
    yield from (f"note: {note}" for note in examination.notes)
    evidence = examination.evidence
    when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(evidence.started))
    yield f"examined {when}, {evidence.seconds:.1f} s, attempts: {evidence.attempts}"
    yield f"engine {evidence.engine or 'unknown'}; course {evidence.course or 'unknown'}"
    yield from (f"{name} {version}" for name, version in sorted(evidence.versions.items()))
    yield from (f"base image {name}: {id_}" for name, id_ in sorted(evidence.base_images.items()))
    for image in evidence.images:
        base = f", from {image.base}" if image.base else ""
        yield f"image {', '.join(image.tags) or 'without a name'}: {image.id}{base}, {len(image.layers)} layers"
    yield f"calls in the session: {len(evidence.journal)}"
    yield from (f"    {line}" for line in evidence.journal)
