"""Grading wherever this course is installed, and whoever grades: below /home as a user without root, below /tmp."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from elsewhere import USER, run_elsewhere

SANDBOX = "tests/examine/sandbox"
PYTEST = ("-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider")
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="root mounts, and becomes another user")


def test_another_user_grades_from_a_home(engine_url: str) -> None:
    sandbox = ("test_kernel.py", "test_reach.py", "test_ports.py")
    tests = ["tests/examine/test_without_root.py", *(f"{SANDBOX}/{name}" for name in sandbox)]
    done = run_elsewhere(Path("/home/somebody/course"), USER, engine_url, [*PYTEST, *tests])
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
    assert "without root" in done.stdout  # the skips of another user


def test_root_grades_from_a_temporary_folder(engine_url: str, tmp_path: Path) -> None:
    done = run_elsewhere(tmp_path / "course", 0, engine_url, [*PYTEST, f"{SANDBOX}/test_kernel.py"])
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
