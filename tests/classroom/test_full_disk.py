"""A disk of the instructor's that has no room ends a command in words, and the next one goes on."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_class import MadeClass

from grader.classroom.errors import FullDisk, is_full


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MB."""
    if os.geteuid() != 0 or "SLIPWAY_OUTSIDE" not in os.environ:
        pytest.skip("file systems are made on a test machine of its own only: tests/support/own_machine.sh")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def grader(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "grader.cli", *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", ["export", "report"])
def test_a_full_disk_ends_in_words(made_once: MadeClass, small_disk: Path, command: str) -> None:
    made = made_once.copy(small_disk)
    made.write(made.examination("ada", 3, 1))
    words = {"export": ["--to", str(made.root / "marks.csv")], "report": ["T01"]}[command]
    left = shutil.disk_usage(small_disk).free
    filler = small_disk / "filler"
    with filler.open("wb") as file:
        file.write(b"x" * left)
    done = grader(command, *words, "-C", str(made.root))
    assert done.returncode == 1 and "make room" in done.stderr and "Traceback" not in done.stderr, done.stderr
    filler.unlink()
    assert grader(command, *words, "-C", str(made.root)).returncode == 0


def test_an_error_of_a_full_disk_is_known_wherever_it_comes_from() -> None:
    def wrapped(error: Exception) -> Exception:
        try:
            try:
                raise error
            except Exception as inner:
                raise RuntimeError("a step failed") from inner
        except RuntimeError as outer:
            return outer

    assert is_full(wrapped(OSError(errno.ENOSPC, "No space left on device")))
    assert is_full(wrapped(sqlite3.OperationalError("database or disk is full")))
    assert not is_full(wrapped(OSError(errno.ENOENT, "No such file")))
    assert "make room" in str(FullDisk.of(OSError(errno.ENOSPC, "No space left on device")))
