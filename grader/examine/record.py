"""Writing down what came of a submission: a mark for every graded cell, also for those that were never reached."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from grader.examine import evidence as gathering
from grader.examine.alignment import Plan
from grader.examine.examination import Evidence, Examination, ImageFact, Mark, Outcome
from grader.examine.executed import executed
from grader.examine.job import Job
from grader.examine.run import Ran
from grader.examine.source import SourceCell, SourceNotebook
from grader.examine.verdicts import unknown

NOT_REACHED = "The run ended before it."


@dataclass(frozen=True)
class Attempt:
    """What one attempt gave.

    Args:
        ran: outputs and marks, as far as it came.
        journal: of its session.
        images: that stood in its session at the end.
        bases: the ids of the base images by name.
        fault: why it ended early, through no fault of the learner's; "" if it did not.
        refusal: why nothing could be run of what was handed in; "" if it could.
    """

    ran: Ran
    journal: tuple[str, ...] = ()
    images: tuple[ImageFact, ...] = ()
    bases: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    refusal: str = ""


@dataclass(frozen=True)
class Times:
    """When it began (seconds since the epoch), how long it took, in how many attempts."""

    begun: float
    seconds: float
    attempts: int


def examination(job: Job, source: SourceNotebook, plan: Plan, done: Attempt, times: Times, engine: str) -> Examination:
    """Put together what is handed back.

    Args:
        job: what was examined.
        source: the instructor's notebook.
        plan: what was to be run.
        done: the last attempt.
        times: when, and how often.
        engine: the engine's version.
    """
    from course import __version__

    marks = tuple(done.ran.marks.get(cell.grade_id) or _without_a_run(cell, done) for cell in source.graded)
    said = done.refusal or done.fault or NOT_REACHED
    missing = {
        position: [_error("NotRun", said)]
        for position, step in enumerate(plan.steps)
        if step.is_graded and position not in done.ran.outputs
    }
    return Examination(
        student=job.student,
        lesson=job.lesson,
        marks=marks,
        notes=(*plan.notes, *_notes(source, done)),
        notebook=executed(source, plan.steps, {**done.ran.outputs, **missing}),
        evidence=Evidence(
            journal=done.journal,
            images=done.images,
            engine=engine,
            course=__version__,
            base_images=done.bases,
            started=times.begun,
            seconds=times.seconds,
            attempts=times.attempts,
            versions=gathering.versions(),
            source_digest=hashlib.sha256(job.source[job.notebook]).hexdigest(),
            submitted_digest=_digest(job.submitted.get(job.notebook)),
        ),
    )


def _notes(source: SourceNotebook, done: Attempt) -> list[str]:
    by_hand = [f"The cell {cell.grade_id} is graded by hand." for cell in source.cells if cell.is_manual]
    refusal = [done.refusal] if done.refusal else []
    fault = [f"Not the learner's fault: {done.fault}"] if done.fault else []
    return [*refusal, *done.ran.notes, *by_hand, *fault]


def _without_a_run(cell: SourceCell, done: Attempt) -> Mark:
    """Nothing usable was handed in: no points. In every other case it is not known."""
    if not done.refusal:
        return unknown(cell, done.fault or NOT_REACHED)
    return Mark(
        cell=cell.grade_id,
        exercise=cell.exercise,
        outcome=Outcome.NOT_ATTEMPTED,
        earned=0.0,
        points=cell.points,
        said=done.refusal,
    )


def _digest(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()


def _error(ename: str, evalue: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": ename, "evalue": evalue, "traceback": [f"{ename}: {evalue}"]}
