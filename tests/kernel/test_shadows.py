"""A learner's file with the name of a package does no harm, and the set-up cell names it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from live_kernel import LiveKernel

from course.gateway import Session
from course.lesson.shadows import Shadow, shadows


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    for name in ("docker.py", "course.py", "grader.py"):
        (tmp_path / name).write_text("raise RuntimeError('the learner’s file was imported')")
    (tmp_path / "shop_prices.py").write_text("tea = 3")
    yield tmp_path


def test_the_kernel_starts_and_imports_the_packages(folder: Path, shared_session: Session) -> None:
    with LiveKernel(folder, shared_session.environment()) as kernel:
        kernel.must("import docker, grader; docker.from_env().ping()")
        assert kernel.must("import shop_prices; print(shop_prices.tea)").stdout == "3\n"
        lines = kernel.must("from course.lesson import setup; setup('L00')").stdout.splitlines()
    assert lines[0].startswith("✓ engine ")
    assert [line.split()[1] for line in lines[1:]] == ["course.py", "docker.py", "grader.py"]
    assert all("rename the file" in line for line in lines[1:])


def test_a_file_of_the_learners_own_name_is_no_shadow(tmp_path: Path) -> None:
    (tmp_path / "shop_prices.py").touch()
    (tmp_path / "not-a-module.py").touch()
    (tmp_path / "requests").mkdir()  # a plain folder is imported only where no package has its name
    (tmp_path / "notes.txt").touch()
    assert shadows(tmp_path) == ()


def test_modules_packages_and_the_standard_library_are_known(tmp_path: Path) -> None:
    (tmp_path / "requests").mkdir()
    (tmp_path / "requests" / "__init__.py").touch()
    (tmp_path / "json.py").touch()
    assert shadows(tmp_path) == (Shadow("json.py", "json"), Shadow("requests", "requests"))
