"""The steps of nbgrader 0.9.6, driven as a library with the workspace's own configuration."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.apps.api import NbGraderAPI
from sqlalchemy.exc import SAWarning

from grader.classroom.errors import StepFailed
from grader.classroom.roster import Learner
from grader.classroom.workspace import Workspace

_SHOWN_LINES = 12
_NOISE = ("[ERROR] Traceback", "Traceback", "[ERROR] Please see the", "[ERROR] There was an error processing")


@dataclass(frozen=True)
class Submission:
    """One learner's submission of one lesson, and the folder that it lies in."""

    student: str
    lesson: str
    folder: Path


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
        logging.getLogger("traitlets").setLevel(logging.ERROR)  # what fails is in the message of `StepFailed`
        self.api = NbGraderAPI(config=config, log_level="ERROR")
        self.api.log.propagate = False

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

    def release(self, lesson: str) -> Path:
        """Write the learners' copy of a lesson, and put it on the exchange; return its folder.

        Raises:
            StepFailed: nbgrader refused, for instance because of a broken solution region.
        """
        self._done(f"a released copy of {lesson}", self.api.generate_assignment(lesson))
        if self.api.exchange_is_functional:
            self._done(f"{lesson} on the exchange", self.api.release_assignment(lesson))
        return self._workspace.root / "release" / lesson

    def collect(self, lesson: str) -> None:
        """Fetch the newest submissions from the exchange, if anything was submitted there."""
        inbound = Path(self.api.exchange_root, self.api.course_id, "inbound")
        if any(inbound.glob(f"*+{lesson}+*")):
            self._done(f"submissions of {lesson} from the exchange", self.api.collect(lesson, update=True))

    def submissions(self, lesson: str) -> list[Submission]:
        """The submissions of a lesson that are in the workspace, by learner."""
        folders = sorted((self._workspace.root / "submitted").glob(f"*/{lesson}/"))
        return [Submission(folder.parent.name, lesson, folder) for folder in folders]

    def autograde(self, submission: Submission) -> None:
        """Run one submission with the instructor's checks and write its points into the gradebook.

        What an earlier run left is replaced: nbgrader alone goes by the existence of a folder, and would skip a
        submission whose run was killed half-way.

        Raises:
            StepFailed: the submission could not be run; the log is in the message.
        """
        with _without_known_warnings():
            result = self.api.autograde(submission.lesson, submission.student, force=True)
        self._done(f"{submission.student}'s {submission.lesson}, graded", result)

    def feedback(self, lesson: str, student: str | None = None) -> list[Path]:
        """Write the feedback pages of everybody who was graded, or of one; return the pages' paths.

        Raises:
            StepFailed: nbgrader failed.
        """
        self._done(f"feedback on {lesson}", self.api.generate_feedback(lesson, student))
        if self.api.exchange_is_functional:
            with _without_known_warnings():
                self._done(f"feedback on {lesson}, released", self.api.release_feedback(lesson, student))
        return sorted((self._workspace.root / "feedback").glob(f"{student or '*'}/{lesson}/*.html"))

    def _done(self, expected: str, result: Mapping[str, Any]) -> None:
        if not result["success"]:
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
