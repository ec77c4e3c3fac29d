"""The steps of nbgrader 0.9.6, driven as a library with the workspace's own configuration."""

from __future__ import annotations

import errno
import logging
import os
import stat
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from nbformat.v4 import new_notebook
from nbgrader.api import MissingEntry
from nbgrader.apps.api import NbGraderAPI
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy.exc import SAWarning

from grader.classroom.collecting.exchange import Collected, Exchange, collect
from grader.classroom.errors import FULL, FullDisk, StepFailed
from grader.classroom.extension import apply_extension
from grader.classroom.moments import find_zone, read_moment
from grader.classroom.nbgrader_side.config import grading_config
from grader.classroom.nbgrader_side.examined import handing
from grader.classroom.roster import Learner
from grader.classroom.submission import Submission
from grader.classroom.workspace import Workspace
from grader.examine.examination import Examination

_SHOWN_LINES = 12
_NOISE = ("[ERROR] Traceback", "Traceback", "[ERROR] Please see the", "[ERROR] There was an error processing")


def find_own_programs() -> None:
    """Put the folder of this Python's programs on PATH, where a shell has not activated the environment.

    nbgrader 0.9.6 makes a new gradebook by calling the program `alembic` (`nbgrader.api.get_alembic_version`).
    """
    folder = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", os.defpath)
    if folder not in path.split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([folder, path])


@contextmanager
def _without_known_warnings() -> Iterator[None]:
    """Keep two faults of nbgrader 0.9.6 off the screen; both are harmless."""
    with warnings.catch_warnings():
        # it adds submissions in a way that SQLAlchemy 2 warns of
        warnings.filterwarnings("ignore", "Object of type <Submitted", SAWarning)
        # `NbGraderAPI.release_feedback` misspells the name of an argument
        warnings.filterwarnings("ignore", r"(?s)Passing unrecognized arguments.*authentictor", DeprecationWarning)
        yield


class Steps:
    """What `nbgrader` can do in a workspace; each method is one of its commands.

    Args:
        workspace: whose configuration, folders and gradebook are used.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        find_own_programs()
        config = workspace.config()
        config.merge(grading_config())  # also in a workspace of an earlier version: learners' code never runs in here
        config.ExchangeReleaseAssignment.force = True  # a lesson that is released again replaces what is there
        logging.getLogger("traitlets").setLevel(logging.ERROR)  # what fails is in the message of `StepFailed`
        self.api = NbGraderAPI(config=config, log_level="ERROR")
        self.api.log.propagate = False

    @property
    def zone(self) -> str:
        """The class's zone, an IANA name: `c.ClassClock.zone` of nbgrader_config.py, UTC by default.

        Raises:
            BadMoment: it is none.
        """
        name = str(self.api.config.get("ClassClock", {}).get("zone", "UTC"))
        find_zone(name)
        return name

    def enrol(self, learners: list[Learner]) -> None:
        """Put the learners into the gradebook, or bring their names up to date; nobody is taken out."""
        with self.api.gradebook as book:
            for learner in learners:
                book.update_or_create_student(
                    learner.id,
                    first_name=learner.first_name,
                    last_name=learner.last_name,
                    email=learner.email,
                )

    def release(self, lesson: str, due: str = "") -> Path:
        """Write the learners' copy of a lesson, and put it on the exchange; return its folder.

        Args:
            lesson: its full name.
            due: when it is due, as a person writes it, by the class's clocks unless it says otherwise; "" leaves that
                as it is.

        Raises:
            StepFailed: nbgrader refused, for instance because of a broken solution region.
            BadMoment: `due` is not one moment.
        """
        when = read_moment(due, self.zone) if due else None
        self.take_tests(lesson)
        if when:
            with self.api.gradebook as book:
                book.update_or_create_assignment(lesson, duedate=when)
        if self.has_exchange:
            self._done(f"{lesson} on the exchange", self.api.release_assignment(lesson))
            self._keep_apart()
        return self._workspace.root / "release" / lesson

    def _keep_apart(self) -> None:
        """Set the sticky bit where all may write: nobody moves the course's folders, or the hand-in of another."""
        root = Path(self.api.exchange_root)
        for folder in (root, root / self.api.course_id / "inbound"):
            status = folder.lstat()
            if status.st_uid == os.geteuid() and stat.S_ISDIR(status.st_mode):
                folder.chmod(stat.S_IMODE(status.st_mode) | stat.S_ISVTX)

    def take_tests(self, lesson: str) -> None:
        """Write release/LESSON and give the gradebook the graded cells of source/.

        Raises:
            StepFailed: nbgrader refused.
        """
        self._done(f"a released copy of {lesson}", self.api.generate_assignment(lesson))

    @property
    def has_exchange(self) -> bool:
        """Whether nbgrader's exchange can be used here."""
        return bool(self.api.exchange_is_functional)

    def due(self, lesson: str) -> datetime | None:
        """When a lesson is due, in UTC; None without a date or before it was released."""
        with self.api.gradebook as book:
            try:
                when: datetime | None = book.find_assignment(lesson).duedate
            except MissingEntry:
                return None
            return when

    def students(self) -> list[str]:
        """The ids of everybody in the gradebook, sorted."""
        with self.api.gradebook as book:
            return sorted(student.id for student in book.students)

    def points(self, lesson: str) -> float:
        """What a lesson is out of; 0 before it was released."""
        with self.api.gradebook as book:
            try:
                return float(book.find_assignment(lesson).max_score)
            except MissingEntry:
                return 0.0

    def apply_extension(self, lesson: str, student: str) -> None:
        """Bring the gradebook up to the extension in the workspace's file, and the late penalty up to that."""
        url = self.api.coursedir.db_url
        apply_extension(url, self._workspace.root, lesson, student, self.zone)
        about = {"assignment": lesson, "student": student, "notebook": lesson, "db_url": url}
        with self.api.gradebook as book:
            try:
                book.find_submission_notebook(lesson, lesson, student)
            except MissingEntry:
                return
        step = AssignLatePenalties(parent=self.api)
        step.log.setLevel(logging.ERROR)
        step.preprocess(new_notebook(), {"nbgrader": about})

    def collect(self, lesson: str, roster: list[Learner]) -> Collected:
        """Fetch the newest submissions from the exchange, if there is one.

        Args:
            lesson: its full name.
            roster: whose submissions are taken.

        Raises:
            NotAFolder: the exchange's inbound folder is a link, or cannot be read.
        """
        app = self.api.exchange.Collect(coursedir=self.api.coursedir, parent=self.api)
        exchange = Exchange(Path(self.api.exchange_root), self.api.course_id, app.timezone, app.check_owner)
        if not os.path.lexists(exchange.root / exchange.course / "inbound"):
            return Collected()
        return collect(self._workspace, exchange, lesson, roster)

    def submissions(self, lesson: str) -> list[Submission]:
        """What lies in submitted/ for a lesson, whatever it is, by learner."""
        top = self._workspace.root / "submitted"
        found = [one / lesson for one in sorted(top.iterdir()) if os.path.lexists(one / lesson)] if top.is_dir() else []
        return [Submission(folder.parent.name, lesson, folder) for folder in found]

    def autograde(self, submission: Submission, examination: Examination) -> None:
        """Write an examination into autograded/ and the gradebook, as nbgrader's autograding does.

        What an earlier run left is replaced: nbgrader alone goes by the existence of a folder, and would skip a
        submission whose run was killed half-way.

        Raises:
            StepFailed: nbgrader failed; the log is in the message.
        """
        with _without_known_warnings(), handing(examination):
            result = self.api.autograde(submission.lesson, submission.student, force=True)
        self._done(f"{submission.student}'s {submission.lesson}, graded", result)

    def feedback(self, lesson: str, student: str | None = None) -> list[Path]:
        """Write the feedback pages of everybody who was graded, or of one; return the pages' paths.

        Raises:
            StepFailed: nbgrader failed.
        """
        self._done(f"feedback on {lesson}", self.api.generate_feedback(lesson, student))
        if self.has_exchange:
            with _without_known_warnings():
                self._done(f"feedback on {lesson}, released", self.api.release_feedback(lesson, student))
        top = self._workspace.root / "feedback"
        learners = [student] if student else sorted(one.name for one in top.iterdir())
        pages = [top / learner / lesson / f"{lesson}.html" for learner in learners]
        return [page for page in pages if page.is_file()]

    def _done(self, expected: str, result: Mapping[str, Any]) -> None:
        if not result["success"]:
            log = f"{result.get('log')}{result.get('error')}"
            if any(words in log for words in (*FULL, os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT))):
                raise FullDisk.of(os.strerror(errno.ENOSPC))
            raise StepFailed(
                expected,
                _what_went_wrong(str(result.get("log") or result.get("error") or "no word from nbgrader")),
                f"correct what the lines say; `nbgrader` in {self._workspace.root} has every step by itself",
            )


def _what_went_wrong(log: str) -> str:
    """The lines of nbgrader's log that a person can act on: no frames of tracebacks, no pointing at them."""
    shown: list[str] = []
    frame = False
    for line in (line.strip() for line in log.splitlines()):
        noise = frame or line.startswith(_NOISE) or not line.strip("^~ ")
        frame = line.startswith("File ")  # the next line is the code of that frame
        if not noise and not frame:
            shown.append(line)
    return "\n".join(shown[-_SHOWN_LINES:])
