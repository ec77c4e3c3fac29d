"""nbgrader's exchange on the instructor's side: collecting and giving back by our own reader, for its commands too."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path
from typing import Any

from nbgrader.exchange.default import ExchangeCollect, ExchangeReleaseFeedback

from grader.classroom.collecting.exchange import Collected, Exchange, collect
from grader.classroom.collecting.record import Record
from grader.classroom.nbgrader_side.converting import chosen
from grader.classroom.roster import read_roster
from grader.classroom.stamps import SECRET, TIMESTAMP
from grader.classroom.submission import MOST_STAMP
from grader.classroom.workspace import Workspace
from grader.examine.folder import MOST_FILE_BYTES, read_file

MOST_SECRET = 1000  # bytes; nbgrader's have 128


class CollectOwn(ExchangeCollect):  # type: ignore[misc]  # nbgrader has no types
    """`nbgrader collect` and the formgrader's button, by `grader.classroom.collecting`."""

    came: Collected | None = None

    def init_src(self) -> None:
        """Nothing to look for: `copy_files` does."""

    def copy_files(self) -> None:
        """Collect; what was not taken is a warning of the log."""
        course = self.coursedir
        workspace = Workspace(Path(course.root))
        exchange = Exchange(Path(self.root), course.course_id, self.timezone, self.check_owner)
        roster = read_roster(workspace.roster) if workspace.roster.exists() else []
        wanted = [one for one in roster if course.student_id in ("*", one.id)]
        self.came = collect(workspace, exchange, course.assignment_id, wanted)
        for student, notes in self.came.odd.items():
            for note in notes:
                self.log.warning("%r: %s", student, note)


class ReleaseOwnFeedback(ExchangeReleaseFeedback):  # type: ignore[misc]  # nbgrader has no types
    """`nbgrader release_feedback`: the page under the secret that came with the hand-in.

    nbgrader (0.9.6) reads the secret and the time from feedback/, which holds pages only.
    """

    def copy_files(self) -> None:
        """Put the pages on the exchange, each one whole or not at all."""
        course = self.coursedir
        lesson, root = course.assignment_id, Path(course.root)
        feedback, submitted = root / course.feedback_directory, root / course.submitted_directory
        record = Record(Workspace(root), lesson)
        excluded = course.student_id_exclude.split(",")
        for student in chosen(feedback, lesson, course.student_id):
            page = read_file(feedback, student, lesson, f"{lesson}.html", most=16 * MOST_FILE_BYTES)
            secret = read_file(submitted, student, lesson, SECRET, most=MOST_SECRET)
            if page is None or not secret or student in excluded:
                continue
            at = read_file(submitted, student, lesson, TIMESTAMP, most=MOST_STAMP) or b""
            kept = record.of(student, at.decode("utf-8", "replace"))
            called = Path(kept.called).stem if kept else lesson  # a learner's nbgrader asks by their own file's name
            for name in {lesson, called}:
                self._put(hashlib.md5(secret + name.encode(), usedforsecurity=False).hexdigest(), page)

    def _put(self, name: str, page: bytes) -> None:
        part = Path(self.dest_path) / f"{name}-{secrets.token_hex(4)}.part"
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o644)
            file.write(page)
        part.replace(Path(self.dest_path) / f"{name}.html")


def exchange_config() -> dict[str, Any]:
    """The traits that make nbgrader's programs use these."""
    return {"ExchangeFactory": {"collect": CollectOwn, "release_feedback": ReleaseOwnFeedback}}
