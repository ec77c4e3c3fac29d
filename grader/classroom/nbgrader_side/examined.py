"""nbgrader's exporter that takes a submission's notebook from an examination, and never from the learner's file."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from traitlets import Bool, Unicode

from grader.classroom.errors import StepFailed
from grader.classroom.keeping import Keeping
from grader.classroom.submission import Source, Submission, digest
from grader.classroom.workspace import open_workspace
from grader.examine.examination import Examination
from grader.examine.job import Job

ONE = "grader.classroom.one"


@dataclass(frozen=True)
class Handed:
    """An examination on its way into the gradebook.

    Args:
        examination: what is written.
        keeping: where it is recorded when it has been written; None when whoever handed it over does that.
        submitted, source: the digests of what was examined.
    """

    examination: Examination
    keeping: Keeping | None = None
    submitted: str = ""
    source: str = ""


_handed: ContextVar[Examination | None] = ContextVar("examination", default=None)


@contextmanager
def handing(examination: Examination) -> Iterator[None]:
    """Inside the block nbgrader's autograding writes this examination, and examines nothing."""
    token = _handed.set(examination)
    try:
        yield
    finally:
        _handed.reset(token)


class ExaminedNotebook(NotebookExporter):
    """What `Autograde` converts with. Its first pass gets the examined notebook, its second one what the first wrote.

    Where nobody handed an examination over, as with the formgrader's button and `nbgrader autograde`, the submission is
    examined now, in a process of its own.
    """

    engine = Unicode("", help="An engine to grade on, unix://…; by default one is started and thrown away.").tag(
        config=True
    )
    trust_submissions = Bool(False, help="Run submissions with your own rights where they cannot be kept apart.").tag(
        config=True
    )
    handed: Handed | None = None

    def from_filename(self, filename: str, resources: Any = None, **named: Any) -> Any:
        """Export the examination of that submission, or the file of the second pass."""
        converter: Any = self.parent
        if not converter._sanitizing:
            return super().from_filename(filename, resources, **named)
        about = resources["nbgrader"]
        ready = _handed.get()
        self.handed = Handed(ready) if ready is not None else self._examined(converter.coursedir, about)
        node = nbformat.reads(self.handed.examination.notebook, as_version=4)
        return self.from_notebook_node(node, resources=resources, **named)  # type: ignore[no-untyped-call]

    def _examined(self, course: Any, about: Any) -> Handed:
        lesson, student = about["assignment"], about["student"]
        workspace = open_workspace(Path(course.root))
        source, keeping = Source(workspace, lesson), Keeping(workspace)
        job = source.job(Submission(student, lesson, workspace.root / "submitted" / student / lesson))
        with keeping.alone():
            pass  # a run of `grader grade` writes the same gradebook: better to know before than after
        options = {"engine": self.engine or None, "trust_submissions": self.trust_submissions}
        examination, submitted = examine_apart(job, options), digest(job.submitted)
        with keeping.alone():
            keeping.examined(examination, submitted, source.digest)
        return Handed(examination, keeping, submitted, source.digest)


def examine_apart(job: Job, options: Mapping[str, Any]) -> Examination:
    """Examine one submission in a process of its own, so that a server's process holds no engine and no kernel.

    Raises:
        StepFailed: that process failed; what it said is in the message.
    """
    done = subprocess.run(
        [sys.executable, "-P", "-m", ONE, json.dumps(options)], input=job.to_json(), capture_output=True, check=False
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise StepFailed(
            f"{job.student}'s {job.lesson}, examined", said[-2000:], "`grader doctor` says what grading needs here"
        )
    return Examination.from_json(done.stdout)
