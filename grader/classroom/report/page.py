"""The page about a lesson: one file, printable, with a table beside each chart."""

from __future__ import annotations

from statistics import median

from grader.classroom.pages.render import data_url, render
from grader.classroom.report import charts, counting
from grader.classroom.report.dockerfiles import alike_files, shared_layers
from grader.classroom.report.reading import Class, Learner
from grader.examine.examination import Outcome

SVG = "image/svg+xml"


def page(found: Class) -> str:
    """The page as HTML."""
    bands, outcomes = counting.distribution(found), counting.outcomes(found)
    seen = [outcome for outcome in Outcome if any(counts[outcome] for counts in outcomes.values())]
    return render(
        "report.html.j2",
        title=f"{found.lesson}: the class",
        handed_in=len(found.learners),
        absent=len(found.absent),
        out_of=found.out_of,
        median=median(learner.points for learner in found.learners) if found.learners else 0,
        distribution=bands,
        distribution_picture=data_url(SVG, charts.distribution_chart(bands).encode()),
        outcomes=[(exercise, *(counts[outcome] for outcome in seen)) for exercise, counts in outcomes.items()],
        outcome_words=[_words(outcome) for outcome in seen],
        outcomes_picture=data_url(SVG, charts.outcomes_chart(outcomes).encode()),
        messages=counting.messages(found),
        slowest=[(student, f"{seconds:.1f}", attempts) for student, seconds, attempts in counting.slowest(found)],
        unfinished=counting.unfinished(found),
        alike=[
            (p.one, p.other, p.what, p.why) for p in alike_files({o.student: o.dockerfiles for o in found.learners})
        ],
        shared=[(p.one, p.other, p.what, p.why) for p in shared_layers(_own_layers(found))],
        notes=[(one.student, note) for one in found.learners if one.examined for note in one.examined.notes],
        exercises=list(outcomes),
        learners=[_line(learner, list(outcomes)) for learner in found.learners],
    )


def _line(learner: Learner, exercises: list[str]) -> tuple[object, ...]:
    marks = counting.by_exercise(learner)
    words = [_words(counting.of_all(marks[exercise])) if exercise in marks else "–" for exercise in exercises]
    return (learner.student, f"{learner.points:g}", *words)


def _words(outcome: Outcome) -> str:
    return f"{outcome.symbol} {outcome.words}"


def _own_layers(found: Class) -> dict[str, list[str]]:
    """The layers that each learner's images have beside those that nearly all have, as the base images' are."""
    return {
        one.student: [layer for image in one.examined.evidence.images for layer in image.layers]
        for one in found.learners
        if one.examined and one.examined.evidence
    }
