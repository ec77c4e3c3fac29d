"""How far a learner is: predictions, checks and hints, kept on disk by lesson.

One JSON file under `state_dir()/progress`; every change reads it, changes it and replaces it under a lock, so that
several kernels and the command line can write at the same time.
"""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from filelock import FileLock

from course.paths import state_dir

LOCK_SECONDS = 10.0


class Prediction(msgspec.Struct):
    """The first answer to a question, and the newest one (letters from A)."""

    first: str
    answer: str
    right: bool


class CheckRecord(msgspec.Struct):
    """What the checks of one graded cell gave: now, at best, out of how many points, after how many attempts."""

    points: float
    best: float
    out_of: float
    attempts: int


class LessonRecord(msgspec.Struct):
    """All that is kept of one lesson; `opened` is when it was set up last (ISO 8601, UTC).

    `solutions` says when the author's answer of an exercise was first seen.
    """

    opened: str = ""
    predictions: dict[str, Prediction] = msgspec.field(default_factory=dict)
    checks: dict[str, CheckRecord] = msgspec.field(default_factory=dict)
    hints: dict[str, int] = msgspec.field(default_factory=dict)
    solutions: dict[str, str] = msgspec.field(default_factory=dict)


class Progress(msgspec.Struct):
    """The whole file: lessons by id."""

    lessons: dict[str, LessonRecord] = msgspec.field(default_factory=dict)

    def lesson(self, id_: str) -> LessonRecord:
        """The record of the lesson that an id belongs to (`L01`, `L01-stay-up`); made if absent."""
        return self.lessons.setdefault(id_.split("-", 1)[0], LessonRecord())


def read() -> Progress:
    """What is on disk; nothing, if there is no file or it cannot be read (a copy is then kept beside it)."""
    try:
        path = _path()
        return msgspec.json.decode(path.read_bytes(), type=Progress)
    except OSError as error:
        if isinstance(error, FileNotFoundError) or is_read_only(error):
            return Progress()
        raise
    except msgspec.DecodeError:
        path.replace(path.with_suffix(".unreadable"))
        return Progress()


def stamp() -> tuple[int, int]:
    """What differs when the file is another one than before: its inode and its time of change; zeros where none is."""
    try:
        found = _path().stat()
    except OSError as error:
        if isinstance(error, FileNotFoundError) or is_read_only(error):
            return (0, 0)
        raise
    return (found.st_ino, found.st_mtime_ns)


def record_check(exercise: str, points: float, out_of: float) -> None:
    """Keep what the checks of an exercise gave.

    Args:
        exercise: the id that was given to `grade`, such as `L01-stay-up` or `L01-stay-up-hidden`.
        points: what was earned.
        out_of: what could be earned.
    """
    with _changing() as progress:
        checks = progress.lesson(exercise).checks
        before = checks.get(exercise)
        best = max(points, before.best if before else 0.0)
        checks[exercise] = CheckRecord(points, best, out_of, before.attempts + 1 if before else 1)


def record_prediction(question: str, answer: str, right: bool) -> None:
    """Keep the answer to a question, a letter from A; the first one stays known."""
    with _changing() as progress:
        predictions = progress.lesson(question).predictions
        before = predictions.get(question)
        predictions[question] = Prediction(before.first if before else answer, answer, right)


def record_hint(exercise: str, step: int) -> None:
    """Keep that the hints of an exercise were read up to this step (from 1)."""
    with _changing() as progress:
        hints = progress.lesson(exercise).hints
        hints[exercise] = max(step, hints.get(exercise, 0))


def record_solution(exercise: str) -> None:
    """Keep that the author's answer of an exercise was seen."""
    with _changing() as progress:
        progress.lesson(exercise).solutions.setdefault(exercise, datetime.now(UTC).isoformat(timespec="seconds"))


def record_opened(lesson: str) -> None:
    """Keep that a lesson was set up now."""
    with _changing() as progress:
        progress.lesson(lesson).opened = datetime.now(UTC).isoformat(timespec="seconds")


def prediction(question: str) -> Prediction | None:
    """The learner's answer to a question, None before there is one."""
    return read().lesson(question).predictions.get(question)


def hints_read(exercise: str) -> int:
    """How many hints of an exercise were read."""
    return read().lesson(exercise).hints.get(exercise, 0)


def is_read_only(error: OSError) -> bool:
    """Whether this process may not write there. In a sandbox nothing is kept, and a lesson runs all the same."""
    return error.errno in (errno.EROFS, errno.EACCES, errno.EPERM)


@contextlib.contextmanager
def _changing() -> Iterator[Progress]:
    try:
        path = _path()
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        if not is_read_only(error):
            raise
        yield Progress()
        return
    with FileLock(path.with_suffix(".lock"), timeout=LOCK_SECONDS):
        progress = read()
        yield progress
        _replace(path, msgspec.json.format(msgspec.json.encode(progress), indent=1))


def _replace(path: Path, content: bytes) -> None:
    """Write beside the file and move over it: a reader sees the old content or the new, never half of one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".progress-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _path() -> Path:
    folder = state_dir() / "progress"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / "progress.json"


def as_json(progress: Progress) -> Mapping[str, object]:
    """The record as plain JSON values, for scripts."""
    plain: Mapping[str, object] = msgspec.to_builtins(progress)
    return plain
