"""What a run has to do: known from the journal and the gradebook, never from the existence of a folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from grader.classroom.errors import NoNotebook
from grader.classroom.journal import Examined, Journal, Written
from grader.classroom.submission import Source, Submission, digest
from grader.examine.folder import NotAFolder


@dataclass
class Plan:
    """The submissions of a lesson, by what they still need.

    Args:
        examine: to be examined and written.
        write: examined already, to be written; with the name of the examination in the archive.
        complete: with nothing left to do.
        older: those of `complete` that were graded by other tests than the lesson has now.
        digests: of each submission's folder.
        refused: what cannot be examined as it was handed in, and why.
    """

    examine: list[Submission] = field(default_factory=list)
    write: list[tuple[Submission, str]] = field(default_factory=list)
    complete: list[Submission] = field(default_factory=list)
    older: list[Submission] = field(default_factory=list)
    digests: dict[Submission, str] = field(default_factory=dict)
    refused: list[tuple[Submission, str]] = field(default_factory=list)


Scores = Mapping[str, Mapping[str, float | None]]


def plan(
    journal: Journal,
    source: Source,
    submissions: Iterable[Submission],
    book: Scores,
    *,
    force: bool,
    only_these_tests: bool = False,
) -> Plan:
    """Sort submissions by what they need.

    A submission is complete when the journal says that the gradebook got the marks of exactly these bytes, with every
    cell checked, and the gradebook still has them.

    Args:
        journal: of the workspace.
        source: the instructor's side.
        submissions: of one lesson.
        book: the automatic points in the gradebook, by learner and cell.
        force: examine all of them, whatever is known.
        only_these_tests: what was graded by other tests is not complete.
    """
    written: dict[str, Written] = {}
    examined: dict[tuple[str, str, str], str] = {}
    for record in journal.records():
        if isinstance(record, Written) and record.lesson == source.lesson:
            written[record.student] = record
        elif isinstance(record, Examined) and record.lesson == source.lesson and record.is_complete:
            examined[record.student, record.submitted, record.source] = record.file
    made = Plan()
    for one in submissions:
        try:
            made.digests[one] = digest(source.read(one)[0].files)
        except (NotAFolder, NoNotebook) as error:
            made.refused.append((one, f"{error.observed}; {error.try_next}"))
            continue
        last = written.get(one.student)
        is_older = last is not None and last.source != source.digest
        if force:
            made.examine.append(one)
        elif last is not None and _holds(last, made.digests[one], book) and not (is_older and only_these_tests):
            made.complete.append(one)
            if is_older:
                made.older.append(one)
        elif name := examined.get((one.student, made.digests[one], source.digest)):
            made.write.append((one, name))
        else:
            made.examine.append(one)
    return made


def _holds(last: Written, submitted: str, book: Scores) -> bool:
    has = book.get(last.student, {})
    return last.submitted == submitted and last.is_complete and all(has.get(c) == e for c, e in last.earned.items())
