"""`environment.yml` installs: conda writes its pip lines into a requirements file, and pip reads that file."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from .conftest import ROOT, Installed

LESSON = """
import nbformat, pathlib
from nbclient import NotebookClient
from course import manifest, workspace
lesson = manifest.load().lessons[0]
copy = workspace.place(lesson, pathlib.Path.cwd())
node = nbformat.read(copy, as_version=4)
NotebookClient(node, timeout=120, resources={"metadata": {"path": str(copy.parent)}}).execute()
"""


@pytest.fixture(scope="module")
def conda_like(outside: None) -> Iterator[Installed]:
    """An environment as conda makes it: a Python with pip, and pip's lines installed as conda installs them.

    What conda runs (conda/env/installers/pip.py): `pip install -U -r FILE --exists-action=b`, the file and the current
    folder beside environment.yml.
    """
    with tempfile.TemporaryDirectory(prefix="sw-", dir="/tmp") as folder:
        place = Installed(Path(folder) / "env", Path(folder) / "home")
        place.home.mkdir()
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        for name in ("environment.yml", "constraints.txt", "pyproject.toml"):  # as they are, committed or not
            (clone / name).write_bytes((ROOT / name).read_bytes())
        subprocess.run([sys.executable, "-m", "venv", str(place.root)], check=True)
        lines = next(
            one["pip"]
            for one in yaml.safe_load((clone / "environment.yml").read_text())["dependencies"]
            if isinstance(one, dict)
        )
        (clone / "condaenv.test.requirements.txt").write_text("\n".join(lines))
        cache = Path(os.environ.get("SLIPWAY_TEST_CACHE") or Path.home() / ".cache" / "slipway-tests") / "pip"
        done = place.run(
            *("pip", "install", "-U", "-r", str(clone / "condaenv.test.requirements.txt"), "--exists-action=b"),
            cwd=clone,
            PIP_CACHE_DIR=str(cache),
        )
        if done.returncode and "Could not find a version" in done.stderr:
            pytest.skip(f"packages cannot be fetched: {done.stderr.strip()[-300:]}")
        assert done.returncode == 0, done.stderr
        yield place
        place.run("course", "gateway", "stop", "--end-sessions")


def test_the_packages_that_were_asked_for_are_there(conda_like: Installed) -> None:
    assert {"jupyterlab", "nbgrader", "docker", "ipywidgets", "pytest", "nbval", "slipway"} <= conda_like.packages()


def test_the_welcome_lesson_runs_there(conda_like: Installed, engine_url: str, tmp_path: Path) -> None:
    done = conda_like.run(
        "python", "-c", LESSON, cwd=tmp_path, SLIPWAY_WORKSPACE=str(tmp_path), SLIPWAY_ENGINE=engine_url
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert conda_like.run("course", "gateway", "stop", "--end-sessions").returncode == 0


def test_where_no_engine_is_doctor_says_so(conda_like: Installed) -> None:
    """Binder has none: its machine lacks a socket, Docker and root."""
    done = conda_like.run("course", "doctor", SLIPWAY_ENGINE="unix:///nonexistent.sock")
    assert done.returncode == 1
    assert "✗ engine" in done.stdout and "✓ kernel" in done.stdout
