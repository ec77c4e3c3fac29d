"""`course progress` and `course reset LESSON`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import docker
import nbformat
import pytest
import typer
from typer.testing import CliRunner

from course import lesson_command, progress
from course.errors import CourseError
from course.lesson import setup
from course.lesson.restore import restore
from course.manifest import load
from course.workspace import prepare

app = typer.Typer()
app.command()(lesson_command.progress)
app.command()(lesson_command.reset)


@pytest.fixture
def workspace(small_course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's folder with the small course, without an answer to questions in the environment."""
    folder = tmp_path / "workspace"
    prepare(load(), folder)
    monkeypatch.setenv("SLIPWAY_WORKSPACE", str(folder))
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("SLIPWAY_CONSENT", raising=False)
    return folder


def edit(notebook: Path) -> None:
    node = nbformat.read(notebook, as_version=4)
    node.cells[1].source = "my own answer"
    nbformat.write(node, notebook)


def test_progress_shows_the_table_and_the_next_step(workspace: Path) -> None:
    progress.record_opened("L00")
    shown = CliRunner().invoke(app, ["progress"])
    assert shown.exit_code == 0
    assert "L00  Begin" in shown.output and "Next: the exercise L00-only" in shown.output


def test_progress_as_json_is_for_scripts(workspace: Path) -> None:
    progress.record_check("L00-only", 2, 2)
    said = json.loads(CliRunner().invoke(app, ["progress", "--json"]).output)
    assert said["lessons"]["L00"]["checks"]["L00-only"]["best"] == 2
    assert said["next"].startswith("open L00")


def test_reset_asks_first_and_without_an_answer_changes_nothing(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("CI", "true"), ("SLIPWAY_CONSENT", "1")):  # they agree to an installation, not to this
        monkeypatch.setenv(name, value)
    notebook = workspace / "L00-begin/L00-begin.ipynb"
    edit(notebook)
    before = notebook.read_bytes()
    refused = CliRunner().invoke(app, ["reset", "L00"])
    assert (refused.exit_code, notebook.read_bytes()) == (1, before)
    assert "nothing was changed" in refused.output


def test_reset_restores_keeps_a_copy_and_removes_the_lessons_objects(
    workspace: Path, inside: docker.DockerClient
) -> None:
    notebook = workspace / "L00-begin/L00-begin.ipynb"
    released = notebook.read_bytes()
    edit(notebook)
    setup("L00")
    inside.containers.create("course/busybox", name="web")
    done = CliRunner().invoke(app, ["reset", "L00", "--yes"])
    assert done.exit_code == 0, done.output
    assert notebook.read_bytes() == released
    (copy,) = [path for path in notebook.parent.glob("*.ipynb") if path != notebook]
    assert re.fullmatch(r"L00-begin\.\d{4}-\d\d-\d\d-\d{6}\.ipynb", copy.name)
    assert "my own answer" in copy.read_text()
    assert "✓ removed 1 container: web" in done.output
    assert not inside.containers.list(all=True)


def test_what_the_learner_did_not_change_needs_no_copy_and_own_files_stay(workspace: Path) -> None:
    own = workspace / "L00-begin/notes.txt"
    own.write_text("mine")
    assert restore(load().lesson("L00"), workspace) == []
    assert own.read_text() == "mine"


def test_a_changed_file_beside_the_notebook_is_kept_too(workspace: Path) -> None:
    (workspace / "L00-begin/shop.py").write_text("print('mine')")
    (copy,) = restore(load().lesson("L00"), workspace)
    assert copy.read_text() == "print('mine')"
    assert (workspace / "L00-begin/shop.py").read_text() == "print('open')\n"


def test_the_sources_of_the_course_are_never_written_over(small_course: Path) -> None:
    with pytest.raises(CourseError, match="solutions"):
        restore(load().lesson("L00"), small_course)


def test_a_lesson_that_is_nowhere_is_an_error_in_three_parts(
    small_course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_WORKSPACE", str(tmp_path / "empty"))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(CourseError, match="--workspace FOLDER"):
        lesson_command.workspace_with("L00-begin", None)
