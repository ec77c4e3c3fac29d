"""Putting a hand-in where it is graded: submitted/LEARNER/LESSON, whole or not at all, as files of our own."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from grader.classroom.stamps import TIMESTAMP, stamp
from grader.classroom.workspace import Workspace
from grader.examine.folder import opened_below


def place(
    workspace: Workspace, student: str, lesson: str, files: Mapping[str, bytes], when: datetime | None = None
) -> None:
    """Write a hand-in, in the place of an earlier one.

    Args:
        workspace: the instructor's.
        student: an id of the roster.
        lesson: its full name.
        files: contents by POSIX path; a time stamp among them is the learner's, and is left out.
        when: when it was handed in, in UTC; None where nobody knows.

    Raises:
        NotAFolder: the learner's folder in submitted/ is none of ours.
    """
    store = workspace.root / ".grader" / "incoming"
    new = store / secrets.token_hex(8)
    old = store / secrets.token_hex(8)
    target = workspace.root / "submitted" / student
    target.mkdir(parents=True, exist_ok=True)
    try:
        for path, content in files.items():
            if path != TIMESTAMP:
                _write(new / path, content)
        new.mkdir(parents=True, exist_ok=True)
        if when is not None:
            _write(new / TIMESTAMP, stamp(when).encode())
        with opened_below(workspace.root, "submitted", student) as folder:
            if os.path.lexists(target / lesson):
                os.rename(lesson, old, src_dir_fd=folder)
            os.rename(new, lesson, dst_dir_fd=folder)
    finally:
        for left in (new, old):
            remove(left)


def remove(path: Path) -> None:
    """Remove a file, a link or a whole folder, also one that is read-only; nothing outside is touched."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path, onerror=_once_more)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _once_more(again: Callable[[str], Any], path: str, _error: Any) -> None:
    """What `shutil.rmtree` calls where it fails: folders that nbgrader made may be read-only."""
    Path(path).parent.chmod(0o700)
    if not Path(path).is_symlink():
        Path(path).chmod(0o700)
    again(path)
