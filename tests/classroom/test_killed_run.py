"""What a run of `grader grade` that was killed left is removed by the next command that writes."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_class import MadeClass
from small_course import LESSON

from course.gateway.peer import identify
from grader.classroom.keeping import ABANDONED_SECONDS
from grader.examine import scratch


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder that nobody else uses; its path is short because sockets lie in it."""
    folder = Path(tempfile.mkdtemp(prefix="swk", dir="/tmp"))
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_the_next_command_that_writes_removes_what_is_nobodys_any_more(made: MadeClass, temporary: Path) -> None:
    dead = subprocess.Popen(["sleep", "600"])
    name = f"{scratch.owner().rpartition('-')[0].rpartition('-')[0]}-{dead.pid}-{identify(dead.pid).started}-x"
    dead.kill()
    dead.wait()
    store, long_ago = made.root / ".grader", time.time() - 2 * ABANDONED_SECONDS
    left = [temporary / name, store / "staged-old", store / "incoming" / "old"]
    kept = [scratch.make(), store / "staged-new", store / "incoming" / "new"]
    for folder in (*left, *kept):
        (folder / "file").parent.mkdir(parents=True, exist_ok=True)
        (folder / "file").touch()
    for folder in left:
        os.utime(folder, (long_ago, long_ago))
    made.grader("extend", "ada", LESSON, "--days", "1")
    assert [folder for folder in (*left, *kept) if folder.exists()] == kept
