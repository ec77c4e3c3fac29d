"""nbgrader's converters, between the examiner's reader and our own pages: they copy nothing that a learner wrote."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory

from grader.classroom.nbgrader_side import paths
from grader.classroom.roster import unnameable
from grader.classroom.stamps import TIMESTAMP, read_stamp, stamp
from grader.classroom.submission import MOST_STAMP, submitted_at
from grader.classroom.workspace import Workspace
from grader.examine.folder import read_file


class AutogradeExamined(Autograde):  # type: ignore[misc]  # nbgrader has no types
    """nbgrader's autograding (0.9.6) of folders that hold a name and a time, and no file of the learner's.

    The notebook comes from the examination (`ExaminedNotebook`). Ids are compared whole, never as patterns.
    """

    def start(self) -> None:
        """Grade the submissions that `coursedir` names."""
        with self._staged():
            super().start()

    @contextmanager
    def _staged(self) -> Iterator[None]:
        """Put a folder for each submission where nbgrader looks for them, for as long as it works."""
        course = self.coursedir
        lesson, real = course.assignment_id, course.submitted_directory
        workspace = Workspace(Path(course.root))
        store = workspace.root / ".grader"
        store.mkdir(exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="staged-", dir=store))
        try:
            for student in chosen(workspace.root / real, lesson, course.student_id):
                staged = folder / student / lesson
                staged.mkdir(parents=True)
                (staged / f"{lesson}.ipynb").touch()
                when = submitted_at(workspace, lesson, student)
                if when is not None:
                    (staged / TIMESTAMP).write_text(stamp(when))
            course.submitted_directory = str(folder.relative_to(workspace.root))
            yield
        finally:
            course.submitted_directory = real
            shutil.rmtree(folder, ignore_errors=True)

    def init_notebooks(self) -> None:
        """Find the folders of the stage; each has one notebook, of the lesson's own name."""
        _find(self, ".ipynb")


class GenerateOwnFeedback(GenerateFeedback):  # type: ignore[misc]  # nbgrader has no types
    """nbgrader's feedback (0.9.6), which holds the page of `FeedbackPage` and nothing else."""

    def init_notebooks(self) -> None:
        """Find the graded notebook of each learner."""
        _find(self, ".ipynb")

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        """Copy nothing, and leave nothing that an earlier version copied."""
        from grader.classroom.collecting.placing import remove

        remove(Path(self._format_dest(assignment_id, student_id)))


def chosen(folder: Path, lesson: str, wanted: str) -> list[str]:
    """The learners with something of a lesson in a folder: all for `*`, else the one with exactly that id."""
    if wanted != "*":
        return [wanted] if not unnameable(wanted) and (folder / wanted / lesson).is_dir() else []
    return sorted(one.name for one in folder.iterdir() if (one / lesson).is_dir()) if folder.is_dir() else []


def _find(converter: Any, ending: str) -> None:
    course = converter.coursedir
    lesson = course.assignment_id
    top = Path(course.format_path(converter._input_directory, ".", ".")).resolve()
    converter.notebooks, converter.assignments = [], {}
    for student in chosen(top, lesson, course.student_id):
        folder = converter._format_source(lesson, student)
        notebook = Path(folder) / f"{lesson}{ending}"
        if notebook.is_file():
            converter.assignments[folder] = [str(notebook)]
    if not converter.assignments:
        who = "anybody" if course.student_id == "*" else repr(course.student_id)
        converter.log.error("%s of %s is not in %s", lesson, who, top)
        raise NbGraderException(f"{lesson} of {who} is not in {top}")


def _time_of(self: Any, dest_path: str) -> datetime | None:
    """`CourseDirectory.get_existing_timestamp`: through no link, from no pipe, and None for what is no time."""
    folder = Path(dest_path)
    content = read_file(folder.parents[1], folder.parent.name, folder.name, TIMESTAMP, most=MOST_STAMP)
    return read_stamp((content or b"").decode("utf-8", "replace"))


def install() -> None:
    """Let `grader`, `nbgrader` and the formgrader use these in the place of nbgrader's own.

    No option of nbgrader 0.9.6 names a converter's class; its programs look it up in these modules.
    """
    import nbgrader.apps.api
    import nbgrader.apps.autogradeapp
    import nbgrader.apps.generatefeedbackapp

    autograde: tuple[Any, ...] = (nbgrader.apps.api, nbgrader.apps.autogradeapp)
    for module in autograde:
        module.Autograde = AutogradeExamined
    feedback: tuple[Any, ...] = (nbgrader.apps.api, nbgrader.apps.generatefeedbackapp)
    for module in feedback:
        module.GenerateFeedback = GenerateOwnFeedback
    CourseDirectory.get_existing_timestamp = _time_of
    paths.install()
