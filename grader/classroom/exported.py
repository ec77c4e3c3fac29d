"""Which marks were exported, so that a later change is reported."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from nbgrader.api import MissingEntry

from grader.classroom.workspace import Workspace


class Exported(msgspec.Struct, frozen=True):
    """One mark as it was written into a file.

    Args:
        mark: what counts, with a late penalty taken off.
        to: the file.
        at: seconds since the epoch.
    """

    mark: float
    to: str
    at: float

    @property
    def day(self) -> str:
        """When that was."""
        return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(self.at))


def final_marks(book: Any, lesson: str) -> dict[str, float]:
    """What counts, by learner: manual points win, and a late penalty is taken off.

    Args:
        book: nbgrader's gradebook, open.
        lesson: its full name.
    """
    try:
        found = book.assignment_submissions(lesson)
    except MissingEntry:
        return {}
    return {one.student_id: max(0.0, one.score - (one.late_submission_penalty or 0.0)) for one in found}


def remember(workspace: Workspace, marks: Mapping[str, Mapping[str, float]], to: Path) -> None:
    """Note that these marks, by lesson and learner, are in a file now."""
    known, now = _read(workspace), time.time()
    for lesson, theirs in marks.items():
        known.setdefault(lesson, {}).update({who: Exported(mark, str(to), now) for who, mark in theirs.items()})
    path = _path(workspace)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(msgspec.json.format(msgspec.json.encode(known)))
    part.replace(path)


def changed(workspace: Workspace, lesson: str, book: Any) -> dict[str, str]:
    """The learners whose mark is another one than in the newest file that has it, and what to know of it."""
    before = _read(workspace).get(lesson)
    if not before:
        return {}
    now = final_marks(book, lesson)
    return {
        who: f"{old.mark:g} points are in {old.to} of {old.day}, and {now[who]:g} are right now: export again"
        for who, old in sorted(before.items())
        if who in now and abs(now[who] - old.mark) > 1e-9
    }


def _path(workspace: Workspace) -> Path:
    return workspace.root / ".grader" / "exported.json"


def _read(workspace: Workspace) -> dict[str, dict[str, Exported]]:
    try:
        return msgspec.json.decode(_path(workspace).read_bytes(), type=dict[str, dict[str, Exported]])
    except (FileNotFoundError, msgspec.DecodeError):
        return {}
