"""`pytest --nbval-lax` on a lesson, with its solutions, in a session."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat

from course.manifest import Lesson
from course.workspace import place
from grader.authoring.source.stored import SANITIZER

CELL_SECONDS = 120


def compare(
    lesson: Lesson,
    session_env: dict[str, str],
    tmp_path: Path,
    change: Callable[[nbformat.NotebookNode], None] = lambda node: None,
) -> str:
    """What nbval finds in a lesson, with its solutions, in a session; "" when all is as stored."""
    notebook = place(lesson, tmp_path)
    # The released copy has an untouched starter, whose checks raise; the source has the solutions.
    node = nbformat.read(lesson.notebook, as_version=nbformat.NO_CONVERT)
    change(node)
    nbformat.write(node, notebook)
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "-c", os.devnull,
        "--nbval-lax", f"--nbval-cell-timeout={CELL_SECONDS}", f"--nbval-sanitize-with={SANITIZER}", str(notebook),
    ]  # fmt: skip
    env = {**os.environ, **session_env, "SLIPWAY_WORKSPACE": str(tmp_path)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        assert " passed" in done.stdout
        return ""
    return done.stdout[-4000:] + done.stderr[-2000:]
