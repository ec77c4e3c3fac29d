"""What `course doctor` says of the machine, apart from its engine: each fault shows its line and its command."""

from __future__ import annotations

import shutil
from collections import namedtuple
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from course import doctor
from course.doctor import Finding, examine


def finding(what: str) -> Finding:
    return next(one for one in examine() if one.what == what)


def test_no_engine_is_the_first_line_and_the_rest_is_still_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_ENGINE", "unix:///nonexistent.sock")
    found = examine()
    assert found[0].what == "engine" and not found[0].ok and found[0].mend
    assert {"kernel", "jupyterlab", "docker", "ipywidgets"} <= {one.what for one in found}
    assert "nbgrader" not in {one.what for one in found}, "a learner needs no nbgrader"


def test_a_missing_kernelspec_is_installed_again_by_make_setup(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from jupyter_client.kernelspec import KernelSpecManager

    monkeypatch.setenv("SLIPWAY_ENGINE", "unix:///nonexistent.sock")
    assert finding("kernel").ok
    monkeypatch.setattr(KernelSpecManager, "kernel_dirs", [str(tmp_path)])
    assert finding("kernel").line == "✗ kernel: the kernelspec slipway is not installed  →  make -B setup"


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        if name == "ipywidgets":
            raise PackageNotFoundError(name)
        return "1"

    monkeypatch.setenv("SLIPWAY_ENGINE", "unix:///nonexistent.sock")
    monkeypatch.setattr(doctor, "version", absent)
    assert finding("ipywidgets").line == "✗ ipywidgets: not installed  →  make -B setup"


def test_a_full_disk_is_said_with_what_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100, 99, 1024**3))
    line = doctor._disk(Path("/")).line
    assert line.startswith("✗ free disk: 1.0 GiB") and "df -h" in line
