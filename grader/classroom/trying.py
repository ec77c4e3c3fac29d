"""`grader try`: one submission examined as a learner's is, for its author to look at. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from grader.checks.grade import one_line
from grader.classroom.collecting.notebook import take
from grader.classroom.errors import NothingSubmitted
from grader.classroom.shown import shown
from grader.classroom.submission import Source
from grader.classroom.workers import examiner_of
from grader.classroom.workspace import Workspace
from grader.examine.examination import Examination, Mark
from grader.examine.folder import MOST_FILE_BYTES, read_entry, read_file
from grader.examine.job import Job

NOBODY = "nobody"


def job_of(workspace: Workspace, lesson: str, tried: Path | None) -> Job:
    """The job of a submission that is nobody's.

    Args:
        workspace: the instructor's.
        lesson: its full name.
        tried: a notebook or a folder; None for the lesson's own solutions.

    Raises:
        NothingSubmitted: there is no such file or folder.
        NoNotebook: it has no notebook that can be meant.
    """
    source = Source(workspace, lesson)
    read, skipped = _read(tried.absolute(), source.notebook) if tried is not None else (source.files, ())
    taken = take(read, lesson, skipped=skipped)
    return Job(
        student=NOBODY,
        lesson=lesson,
        notebook=source.notebook,
        source=source.files,
        submitted=taken.files,
        skipped=skipped,
        notes=taken.notes,
    )


def _read(tried: Path, notebook: str) -> tuple[dict[str, bytes], tuple[str, ...]]:
    if tried.is_dir():
        folder = read_entry(tried)
        return folder.files, folder.skipped
    content = read_file(tried.parent, tried.name, most=MOST_FILE_BYTES)
    if content is None:
        raise NothingSubmitted("a notebook, or a folder with one", shown(str(tried)), "name a file that is there")
    return {tried.name if tried.suffix == ".ipynb" else notebook: content}, ()


def examined(job: Job, engine: str, *, trust: bool) -> Examination:
    """Examine it, here.

    Raises:
        NotIsolated: learners' cells cannot be kept apart here, and are not trusted.
    """
    with examiner_of(engine=engine or None, trust_submissions=trust) as examiner:
        return examiner.examine(job)


def lines(examination: Examination) -> Iterator[str]:
    """What it got and why, hidden checks too."""
    for mark in examination.marks:
        earned = "–" if mark.earned is None else f"{mark.earned:g}"
        yield f"{mark.outcome.symbol} {mark.cell}: {earned} of {mark.points:g} points, {mark.outcome.words}"
        yield from (f"    {line}" for line in _why(mark))
    yield from (f"note: {shown(note)}" for note in examination.notes)
    yield f"{examination.points:g} of {examination.out_of:g} points, in {examination.evidence.seconds:.1f} s"


def _why(mark: Mark) -> Iterator[str]:
    for result in mark.results:
        yield f"{result.outcome.symbol} {shown(result.title)}"
        if not result.passed:
            yield f"  expected: {shown(one_line(result.expected))}"
            yield f"  observed: {shown(one_line(result.observed))}"
            yield f"  try next: {shown(one_line(result.try_next))}"
    if not mark.results and mark.said:
        yield from shown(mark.said, lines=True).splitlines()
