"""What the page counts, as rows of its tables; each chart is drawn from the table beside it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from grader.checks.result import Outcome as CheckOutcome
from grader.classroom.report.reading import Class, Learner
from grader.examine.examination import Mark, Outcome

BANDS = 10
MOST_ROWS = 15


def distribution(found: Class) -> list[tuple[str, int]]:
    """How many learners are in each band of points; the last band holds the full points."""
    step = found.out_of / BANDS or 1.0
    counts = Counter(min(BANDS - 1, int(learner.points / step)) for learner in found.learners)
    return [(f"{band * step:g} to {(band + 1) * step:g}", counts[band]) for band in range(BANDS)]


def outcomes(found: Class) -> dict[str, Counter[Outcome]]:
    """How often each outcome came, by exercise; an exercise of several cells counts as its worst."""
    counts: dict[str, Counter[Outcome]] = defaultdict(Counter)
    for learner in found.learners:
        for exercise, marks in by_exercise(learner).items():
            counts[exercise][of_all(marks)] += 1
    return dict(sorted(counts.items()))


def messages(found: Class) -> list[tuple[str, str, str, int]]:
    """Which message stops how many: exercise, check, what was expected, learners; the most frequent first."""
    stopped: dict[tuple[str, str], set[str]] = defaultdict(set)
    words: dict[tuple[str, str], tuple[str, str]] = {}
    for learner in found.learners:
        for mark in learner.examined.marks if learner.examined else ():
            for result in mark.results:
                if result.outcome is CheckOutcome.FAILED and not result.advice:
                    key = (mark.exercise or mark.cell, result.message or result.check)
                    stopped[key].add(learner.student)
                    words.setdefault(key, (result.title, result.expected))
            if not mark.results and mark.outcome not in (Outcome.PASSED, Outcome.NOT_ATTEMPTED):
                key = (mark.exercise or mark.cell, mark.outcome.words)
                stopped[key].add(learner.student)
                words.setdefault(key, (mark.outcome.words, ""))
    ordered = sorted(stopped.items(), key=lambda item: (-len(item[1]), item[0]))
    return [(key[0], words[key][0], words[key][1], len(students)) for key, students in ordered[:MOST_ROWS]]


def slowest(found: Class) -> list[tuple[str, float, int]]:
    """The submissions that took longest: learner, seconds, attempts."""
    rows = [
        (one.student, one.examined.evidence.seconds, one.examined.evidence.attempts)
        for one in found.learners
        if one.examined and one.examined.evidence
    ]
    return sorted(rows, key=lambda row: (-row[1], row[0]))[:MOST_ROWS]


def unfinished(found: Class) -> list[tuple[str, str]]:
    """Who has no marks, or cells without one, or nothing handed in: learner and why."""
    rows = []
    for learner in found.learners:
        if learner.examined is None:
            rows.append((learner.student, "handed in, not examined"))
            continue
        unknown = [mark.exercise or mark.cell for mark in learner.examined.marks if mark.earned is None]
        idle = [
            exercise
            for exercise, marks in by_exercise(learner).items()
            if all(mark.outcome is Outcome.NOT_ATTEMPTED for mark in marks)
        ]
        if unknown:
            rows.append((learner.student, f"could not be checked: {', '.join(dict.fromkeys(unknown))}"))
        if idle:
            rows.append((learner.student, f"not attempted: {', '.join(idle)}"))
    return [*rows, *((student, "nothing handed in") for student in found.absent)]


def by_exercise(learner: Learner) -> dict[str, list[Mark]]:
    """The marks of one learner, by exercise."""
    found: dict[str, list[Mark]] = defaultdict(list)
    for mark in learner.examined.marks if learner.examined else ():
        found[mark.exercise or mark.cell].append(mark)
    return found


def of_all(marks: Iterable[Mark]) -> Outcome:
    """The outcome of an exercise with several cells: some points are partly right, none are the worst."""
    kinds = {mark.outcome for mark in marks}
    if len(kinds) == 1:
        return kinds.pop()
    if Outcome.COULD_NOT_CHECK in kinds:
        return Outcome.COULD_NOT_CHECK
    if any(mark.earned for mark in marks):
        return Outcome.PARTLY
    return next(kind for kind in _WORST_FIRST if kind in kinds)


_WORST_FIRST = (
    Outcome.KERNEL_DIED,
    Outcome.OUT_OF_MEMORY,
    Outcome.TIMED_OUT,
    Outcome.REFUSED,
    Outcome.BUILD_FAILED,
    Outcome.FAILED,
    Outcome.NOT_ATTEMPTED,
    Outcome.PARTLY,
    Outcome.PASSED,
)
