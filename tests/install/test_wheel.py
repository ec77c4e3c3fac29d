"""`pip install slipway`, then `course lab`: the wheel alone is the whole course, without a clone or a compiler."""

from __future__ import annotations

import json
import re
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from notebook_server import served

from course.manifest import Course, load

from .conftest import ROOT, Installed

NOT_FOR_LEARNERS = {
    "nbgrader",
    "distributed",
    "dask",
    "altair",
    "sqlalchemy",
    "pytest",
    "nbval",
    "mypy",
    "ruff",
    "playwright",
}
PLACE = """
import sys, pathlib
from course import manifest, workspace
workspace.prepare(manifest.load(), pathlib.Path(sys.argv[1]))
"""
RUN = """
import sys, nbformat
from nbclient import NotebookClient
for path in sys.argv[1:]:
    node = nbformat.read(path, as_version=4)
    NotebookClient(node, timeout=120, resources={"metadata": {"path": path.rpartition("/")[0]}}).execute()
    print(sum(cell.cell_type == "code" for cell in node.cells), node.metadata.kernelspec.name)
"""


@pytest.fixture(scope="module")
def course() -> Course:
    return load()


@pytest.fixture(scope="module")
def learner(wheel: Path, install: Callable[..., Installed]) -> Installed:
    """What `pip install slipway` gives, from wheels only."""
    return install("--only-binary", ":all:", str(wheel))


def test_the_wheel_holds_every_file_of_the_lessons_and_no_test(wheel: Path, course: Course) -> None:
    held = {name.removeprefix("course/lessons/") for name in zipfile.ZipFile(wheel).namelist() if "/lessons/" in name}
    files = [path for path in course.root.rglob("*") if path.is_file()]
    wanted = {str(path.relative_to(course.root)) for path in files if not _is_made(path)}
    assert wanted <= held
    assert not [name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("tests/")]


def _is_made(path: Path) -> bool:
    return bool({"__pycache__", ".ipynb_checkpoints"} & set(path.parts))


def test_learners_install_no_tool_of_instructors_or_developers(learner: Installed) -> None:
    assert learner.packages() & NOT_FOR_LEARNERS == set()
    assert {"jupyterlab", "docker", "ipywidgets"} <= learner.packages()


def test_course_lab_opens_the_welcome_lesson_without_a_network(
    learner: Installed, course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in learner.environment().items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "lessons"
    folder.mkdir()
    command = [
        str(learner.root / "bin" / "course"),
        "lab",
        "--no-browser",
        "--port",
        "{port}",
        "--workspace",
        str(folder),
    ]
    with served(folder, command) as url:
        first = course.lessons[0]
        assert f"/lab/tree/{first.name}/{first.name}.ipynb" in url
        specs = re.sub(r"/lab/tree/[^?]*", "/api/kernelspecs", url)
        with urllib.request.urlopen(specs) as answer:
            found = json.load(answer)["kernelspecs"]
        assert found["slipway"]["spec"]["display_name"] == "Docker course"
    assert {path.name for path in folder.iterdir() if path.name.startswith("L")} == {one.name for one in course.lessons}


def test_lessons_run_from_top_to_bottom(learner: Installed, engine_url: str, tmp_path: Path) -> None:
    placed = learner.run("python", "-c", PLACE, str(tmp_path))
    assert placed.returncode == 0, placed.stderr
    lessons = [str(tmp_path / name / f"{name}.ipynb") for name in ("L00-welcome", "L01-containers")]
    done = learner.run("python", "-c", RUN, *lessons, SLIPWAY_WORKSPACE=str(tmp_path), SLIPWAY_ENGINE=engine_url)
    assert done.returncode == 0, done.stderr[-3000:]
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["slipway", "slipway"]
    ended = learner.run("course", "gateway", "stop", "--end-sessions")
    assert ended.returncode == 0, ended.stderr


def test_the_grader_says_which_extra_it_needs(learner: Installed, tmp_path: Path) -> None:
    made = learner.run("grader", "init", "class", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    refused = learner.run("grader", "release", "L00", cwd=tmp_path / "class")
    assert refused.returncode == 1
    assert "slipway[grader]" in refused.stderr and "Traceback" not in refused.stderr


def test_the_extra_grader_brings_what_a_class_needs(
    wheel: Path, install: Callable[..., Installed], tmp_path: Path
) -> None:
    instructor = install(f"{wheel}[grader]")
    assert not {"mypy", "ruff", "playwright", "pytest"} & instructor.packages()
    assert instructor.run("grader", "init", "class", cwd=tmp_path).returncode == 0
    done = instructor.run("grader", "release", "L00", cwd=tmp_path / "class")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "class" / "release" / "L00-welcome" / "L00-welcome.ipynb").is_file()


def test_the_readme_says_how_much_is_installed(
    learner: Installed, wheel: Path, install: Callable[..., Installed]
) -> None:
    """Packages, and megabytes on disk with the compiled files that pip adds."""
    instructor = install("--only-binary", ":all:", f"{wheel}[grader]")
    measured = {"learner": learner, "instructor": instructor}
    assert {who: said_of(who) for who in measured} == {
        who: pytest.approx((len(one.packages()), one.megabytes()), rel=0.08) for who, one in measured.items()
    }


def said_of(who: str) -> tuple[int, int]:
    found = re.search(rf"{who} \| about (\d+) packages, (\d+) MB", (ROOT / "README.md").read_text("utf-8"))
    assert found is not None
    return int(found[1]), int(found[2])


def test_what_doctor_misses_is_repaired_by_its_own_command(wheel: Path, install: Callable[..., Installed]) -> None:
    """The kernelspec and a package are taken away; the commands of the findings bring them back."""
    broken = install("--only-binary", ":all:", str(wheel), "pip")
    kernel, package = "✗ kernel: the kernelspec slipway is not installed", "✗ ipywidgets: not installed"
    (broken.root / "share/jupyter/kernels/slipway").rename(broken.home / "kernelspec")
    assert broken.run("pip", "uninstall", "--yes", "ipywidgets").returncode == 0
    said = broken.run("course", "doctor", SLIPWAY_ENGINE="unix:///nonexistent.sock").stdout
    for line in (kernel, package):
        command = re.search(rf"^{re.escape(line)}  →  (pip .*)$", said, re.MULTILINE)
        assert command is not None, said
        mine = {"PIP_FIND_LINKS": str(wheel.parent), "PIP_NO_INDEX": "1"} if "--force" in command[1] else {}
        done = broken.run(*command[1].split(), **mine)
        assert done.returncode == 0, done.stderr
    said = broken.run("course", "doctor", SLIPWAY_ENGINE="unix:///nonexistent.sock").stdout
    assert "✓ kernel: Docker course" in said and "✓ ipywidgets: " in said
