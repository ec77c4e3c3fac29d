"""What is remembered of the hand-ins that were collected."""

from __future__ import annotations

from pathlib import Path

import msgspec

from grader.classroom.workspace import Workspace


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of a hand-in that was collected.

    Args:
        entry: its name on the exchange, or in a platform's download.
        at: the time stamp that was written beside it, "" for none.
        skipped: what was left out of it.
        called: the path of its notebook.
    """

    entry: str
    at: str = ""
    skipped: tuple[str, ...] = ()
    called: str = ""


class Record:
    """What is in submitted/ by our own collecting: `.grader/collected/LESSON.json`."""

    def __init__(self, workspace: Workspace, lesson: str) -> None:
        self._path = workspace.root / ".grader" / "collected" / f"{lesson}.json"
        self._submitted, self._lesson = workspace.root / "submitted", lesson
        self._known = _read(self._path)

    def has(self, student: str, name: str) -> bool:
        is_there = (self._submitted / student / self._lesson).is_dir()
        return is_there and (kept := self._known.get(student)) is not None and kept.entry == name

    def of(self, student: str, at: str) -> Kept | None:
        """What is known of the hand-in that lies there now, by the time stamp beside it."""
        kept = self._known.get(student)
        return kept if kept is not None and kept.at == at else None

    def keep(self, student: str, kept: Kept) -> None:
        """Remember one more; when this returns it is on the disk."""
        self._known[student] = kept
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        part.write_bytes(msgspec.json.format(msgspec.json.encode(self._known)))
        part.replace(self._path)


def _read(path: Path) -> dict[str, Kept]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Kept])
    except (FileNotFoundError, msgspec.DecodeError):
        return {}  # everything is collected once more
