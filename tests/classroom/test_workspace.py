"""An instructor's workspace: what `grader init` and `grader release` put in it, and what they keep out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from formgrader import formgrader
from made_class import MadeClass
from small_course import LESSON
from typer.testing import CliRunner

from grader.classroom.errors import NotAWorkspace, NothingSubmitted, StepFailed, UnknownLesson
from grader.classroom.steps import Steps
from grader.classroom.workspace import Workspace, init, open_workspace
from grader.cli import app


@pytest.fixture
def workspace(small_course: Path, tmp_path: Path) -> Workspace:
    return init(tmp_path / "class", small_course)


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_workspace_has_the_lessons_with_their_files_and_without_answers(workspace: Workspace) -> None:
    assert workspace.lessons() == [LESSON]
    assert names(workspace.root / "source") == {f"{LESSON}/{LESSON}.ipynb", f"{LESSON}/greeting.txt"}
    assert workspace.roster.read_text() == "id,first_name,last_name,email\n"


def test_the_real_course_makes_a_workspace_too(tmp_path: Path) -> None:
    workspace = init(tmp_path / "class")
    assert "L01-containers" in workspace.lessons()
    kept_back = ("answers", "instructor.md", "answers.toml", "lesson.toml")
    assert [
        name for name in names(workspace.root / "source") if Path(name).name in kept_back or "/answers/" in name
    ] == []


def test_a_workspace_is_never_made_twice_over_the_first(workspace: Workspace, small_course: Path) -> None:
    with pytest.raises(NotAWorkspace, match="exists"):
        init(workspace.root, small_course)


def test_a_workspace_is_found_from_a_folder_below_it(workspace: Workspace, tmp_path: Path) -> None:
    assert open_workspace(workspace.root / "source" / LESSON) == workspace
    with pytest.raises(NotAWorkspace, match="grader init DIR"):
        open_workspace(tmp_path)


def test_a_lesson_is_named_by_its_id_or_its_folder(workspace: Workspace) -> None:
    assert workspace.lesson("T01") == workspace.lesson(LESSON) == LESSON
    with pytest.raises(UnknownLesson, match=LESSON):
        workspace.lesson("T02")


def test_the_released_copy_has_no_solution_and_no_hidden_test_and_keeps_the_files(workspace: Workspace) -> None:
    folder = Steps(workspace).release(LESSON)
    text = (folder / f"{LESSON}.ipynb").read_text()
    assert names(folder) == {f"{LESSON}.ipynb", "greeting.txt"}
    for secret in ("SOLUTION", "HIDDEN", "ahoy", "COPY greeting"):
        assert secret not in text
    cells = nbformat.reads(text, 4).cells
    assert "# your code here" in cells[1].source and "descends_from" in cells[2].source
    assert (workspace.root / "exchange" / "slipway" / "outbound" / LESSON).is_dir()


def test_a_broken_solution_region_is_named_when_released(workspace: Workspace) -> None:
    path = workspace.root / "source" / LESSON / f"{LESSON}.ipynb"
    path.write_text(path.read_text().replace("### END SOLUTION", "### the end"))
    with pytest.raises(StepFailed, match="no end solution statement found") as caught:
        Steps(workspace).release(LESSON)
    assert "site-packages" not in str(caught.value), "frames of nbgrader help nobody who writes a lesson"


def test_grading_without_a_submission_says_where_they_belong(workspace: Workspace) -> None:
    with pytest.raises(NothingSubmitted, match=f"submitted/LEARNER/{LESSON}"):
        CliRunner().invoke(app, ["grade", "T01", "-C", str(workspace.root)], catch_exceptions=False)


def test_nbgrader_s_own_export_writes_the_same_table(workspace: Workspace) -> None:
    (workspace.root / "roster.csv").write_text('id,first_name\nz1,"Zoë, the second"\n', "utf-8")
    assert CliRunner().invoke(app, ["release", "T01", "-C", str(workspace.root)]).exit_code == 0
    assert (
        CliRunner()
        .invoke(app, ["export", "--to", str(workspace.root / "ours.csv"), "-C", str(workspace.root)])
        .exit_code
        == 0
    )
    program = Path(sys.executable).parent / "nbgrader"
    done = subprocess.run([program, "export"], cwd=workspace.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (workspace.root / "grades.csv").read_bytes() == (workspace.root / "ours.csv").read_bytes()
    assert '"Zoë, the second"' in (workspace.root / "ours.csv").read_text("utf-8")


def test_the_formgrader_lists_the_released_lesson(made: MadeClass) -> None:
    with formgrader(made.root) as opened:
        listed = [(one["name"], one["max_score"], one["num_submissions"]) for one in opened.get("assignments")]
        assert listed == [(LESSON, 4, len(made.students))]
        assert "formgrader" in opened.page().lower()
