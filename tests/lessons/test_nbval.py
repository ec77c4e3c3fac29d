"""`pytest --nbval-lax` runs every lesson, with the sanitizer file and time-outs set."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from course import manifest
from course.manifest import Lesson
from course.workspace import place

SANITIZER = Path(__file__).with_name("sanitize.cfg")
CELL_SECONDS = 120


@pytest.mark.parametrize("lesson", manifest.load().lessons, ids=lambda lesson: lesson.id, scope="module")
def test_nbval_runs_a_lesson(lesson: Lesson, session_env: dict[str, str], tmp_path: Path) -> None:
    notebook = place(lesson, tmp_path)
    # The released copy has an untouched starter, whose checks raise; the source has the solutions.
    nbformat.write(nbformat.read(lesson.notebook, as_version=nbformat.NO_CONVERT), notebook)
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "-c", os.devnull,
        "--nbval-lax", f"--nbval-cell-timeout={CELL_SECONDS}", f"--nbval-sanitize-with={SANITIZER}", str(notebook),
    ]  # fmt: skip
    env = {**os.environ, **session_env, "SLIPWAY_WORKSPACE": str(tmp_path)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
