"""The newest Python, in Debian forky: the locked wheels install there, and the tests that need no engine pass."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import debian_roots
import pytest
import throwaway_root
import wheelhouse
from matrix import EVERYTHING

from course.errors import CourseError

from .conftest import ROOT, UV

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="another Debian's root needs root"),
    pytest.mark.skipif(not EVERYTHING, reason="nightly, in `make proof`"),
    pytest.mark.timeout(3600),  # seconds, with the download
]

SCRIPT = """
python3 -m venv --without-pip /srv/env
pip() { /srv/uv pip install --quiet --offline --python /srv/env/bin/python --no-index "$@"; }
pip --find-links /srv/wheels --require-hashes --requirement /srv/wheels/requirements.txt
cd /srv/clone
pip --find-links /srv/build --no-deps --editable .
export PATH=/srv/env/bin:$PATH
python --version
python -m pytest --run check -q -n 2 --dist loadscope --no-loadscope-reorder -p no:cacheprovider
"""


@pytest.fixture(scope="module")
def forky() -> Path:
    """The file system of Debian forky."""
    try:
        return debian_roots.root("forky")
    except CourseError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def wheels(outside: None) -> Path:
    """Every locked package as a wheel for Python 3.14."""
    try:
        return wheelhouse.fetch("3.14", "x86_64", ("--extra", "grader", "--group", "dev"))
    except wheelhouse.NotFetched as error:
        pytest.skip(f"packages cannot be fetched: {error}")


@pytest.fixture(scope="module")
def build_system(outside: None) -> Path:
    """What an editable installation is built with."""
    try:
        return wheelhouse.build_system()
    except wheelhouse.NotFetched as error:
        pytest.skip(f"packages cannot be fetched: {error}")


def test_the_tests_that_need_no_engine_pass(forky: Path, wheels: Path, build_system: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    done = throwaway_root.run(
        forky,
        SCRIPT,
        {
            "/srv/clone": clone,
            "/srv/wheels": wheels,
            "/srv/build": build_system,
            "/srv/uv": UV,
            "/usr/bin/git": Path(shutil.which("git") or "/usr/bin/git"),  # this machine's: no test needs forky's
        },
        seconds=3500,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "Python 3.14" in done.stdout
    assert re.search(r"^\d{4,} passed", done.stdout, re.MULTILINE), done.stdout[-500:]
