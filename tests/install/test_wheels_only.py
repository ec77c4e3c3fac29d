"""Everything installs from wheels, in the locked versions: no compiler on Linux (x86-64, arm64) or a Mac (arm64)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .conftest import ROOT, uv_or_skip

SYSTEMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "aarch64-apple-darwin")
PYTHONS = ("3.11", "3.14")
WHO = {"learner": (), "instructor": ("--extra", "grader"), "developer": ("--extra", "grader", "--group", "dev")}


@pytest.fixture(scope="module")
def locked() -> Path:
    """The lock without hashes, as `make lock` writes it."""
    return ROOT / "constraints.txt"


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_the_locked_versions_have_wheels(outside: None, locked: Path, system: str, python: str, who: str) -> None:
    resolved = uv_or_skip(
        *("pip", "compile", "--quiet", "--no-header", "--no-annotate", "--only-binary", ":all:"),
        *("--python-platform", system, "--python-version", python, "--constraints", str(locked)),
        *("pyproject.toml", *WHO[who]),
    )
    assert "jupyterlab==" in resolved and ("mypy==" in resolved) == (who == "developer")


def test_the_lock_is_what_make_lock_writes(outside: None, tmp_path: Path) -> None:
    """Resolved again from the lock itself, nothing changes: no dependency was added or left out by hand."""
    command = re.search(
        r"\$\(BIN\)/uv (pip compile .*?requirements\.lock)\n", (ROOT / "Makefile").read_text(), re.DOTALL
    )
    assert command is not None
    again = tmp_path / "requirements.lock"
    again.write_text((ROOT / "requirements.lock").read_text())
    words = command[1].replace("\\\n", " ").replace("requirements.lock", str(again)).split()
    uv_or_skip(*words)
    assert again.read_text() == (ROOT / "requirements.lock").read_text()
