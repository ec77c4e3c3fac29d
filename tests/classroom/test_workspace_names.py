"""A workspace may have any name that a terminal can show; the first command refuses the others."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path

import pytest
from made_class import MadeClass
from small_course import LESSON

from grader.classroom.errors import NotAWorkspace
from grader.classroom.workspace import init, open_workspace

NAMES = (
    "100% {done} {0}",
    "{assignment_id} %(course)s %20",
    "-C --help",
    "$ ~ `id` 'a\" ; & | 50$",
    "back\\slash ?[a-z]#1 @:=",
    "Übung u\u0308 ＵＳ 李 🐳",
    "x" * 200,
)


@pytest.mark.parametrize("name", NAMES)
def test_every_command_works_in_it(made_once: MadeClass, tmp_path: Path, name: str) -> None:
    made = copy.copy(made_once)
    made.root = tmp_path / name
    shutil.copytree(made_once.root, made.root)
    made._open()
    made.write(made.examination("ada", 3, 1))
    made.grader("release", "T01", "--due", "2026-12-24 18:00")
    made.grader("collect", "T01")
    made.grader("feedback", "T01")
    made.grader("report", "T01")
    made.grader("extend", "ada", "T01", "--days", "1")
    made.grader("export", "--to", str(tmp_path / "marks.csv"))
    assert "ada," in (tmp_path / "marks.csv").read_text("utf-8")
    assert "3 to examine" in made.grader("grade", "T01", "--dry-run").stdout
    assert (made.root / "feedback" / "ada" / LESSON / f"{LESSON}.html").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([made.root.name, "marks.csv"])


@pytest.mark.parametrize("name", ["all *", "$HOME", "${HOME}"])
def test_what_nbgrader_would_replace_is_refused(small_course: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(NotAWorkspace, match="which nbgrader replaces"):
        init(tmp_path / name, small_course)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["new\nline", "bell\a", "\x1b[2J", "right\u202eleft", "\udcff bytes"])
def test_what_a_terminal_cannot_show_is_refused(small_course: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    with pytest.raises(NotAWorkspace, match="control characters") as refused:
        init(folder, small_course)
    assert not folder.exists() and str(refused.value).isascii()
    init(tmp_path / "fine", small_course).root.rename(folder)
    with pytest.raises(NotAWorkspace, match="control characters"):
        open_workspace(folder)
