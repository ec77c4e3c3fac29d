"""`grader lesson …`: what an author types; nothing of it is in the learner's command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from course import manifest
from course.cli import app as course_app
from grader.cli import app


def run(*words: str) -> str:
    done = CliRunner().invoke(app, ["lesson", *words])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("command", ["new", "lint", "prove", "mutate", "source", "lesson"])
def test_the_learners_command_has_none_of_the_authors(command: str) -> None:
    assert CliRunner().invoke(course_app, [command]).exit_code == 2


def test_lint_says_that_every_rule_holds() -> None:
    assert "every rule holds" in run("lint", "L00")


def test_a_new_lesson_is_printed_as_text_and_packed_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    listed = (manifest.notebooks_dir() / "course.toml").read_text("utf-8")
    (tmp_path / "course.toml").write_text(re.sub(r"lessons = \[.*?\]", "lessons = []", listed, flags=re.DOTALL))
    monkeypatch.setattr("course.manifest.notebooks_dir", lambda: tmp_path)
    assert "grader lesson lint" in run("new", "L07-a-new-one")
    notebook = tmp_path / "L07-a-new-one" / "L07-a-new-one.ipynb"
    before = notebook.read_text("utf-8")
    text = tmp_path / "text"
    text.write_text(run("source", "text", "L07"), "utf-8")
    notebook.unlink()
    assert "grader lesson lint L07" in run("source", "pack", "L07", str(text))
    assert notebook.read_text("utf-8") == before


def test_mutants_are_listed_without_an_engine() -> None:
    assert "L00-first-container: without name='first'" in run("mutate", "--list", "L00-first-container")


def test_a_lesson_is_proven(engine_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_ENGINE", engine_url)
    assert run("prove", "L00") == "✓ L00-first-container\n"
