"""The formgrader's button and `nbgrader autograde` use the same examiner, by configuration."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from formgrader import formgrader
from made_class import CHECK, HIDDEN, MadeClass
from small_course import LESSON

from grader.classroom.gradebook import scores
from grader.classroom.journal import Written
from grader.classroom.keeping import Keeping


@pytest.fixture
def by_configuration(made_once: MadeClass, tmp_path: Path, engine_url: str) -> MadeClass:
    """A class whose configuration names the prepared engine, as an instructor's may."""
    return made_once.copy(tmp_path, f'c.ExaminedNotebook.engine = "{engine_url}"\n')


def test_the_autograde_button_and_nbgrader_autograde_examine(by_configuration: MadeClass, on_the_engine: str) -> None:
    made = by_configuration
    made.hands_in("李 四", "partly")
    with formgrader(made.root) as opened:
        answer = opened.press(f"submission/{LESSON}/ada/autograde")
        assert answer["success"], answer
        shown = {one["student"]: one["score"] for one in opened.get(f"submissions/{LESSON}")}
        assert shown["ada"] == 4
        assert opened.press(f"assignment/{LESSON}/generate_feedback")["success"]
    assert "hidden tests: what they found is below" in _feedback(made, "ada")

    program = Path(sys.executable).parent / "nbgrader"
    command = [program, "autograde", LESSON, "--student", "李 四"]
    done = subprocess.run(command, cwd=made.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    book = scores(made.steps.api, LESSON)
    assert {name: one.points for name, one in book["李 四"].items()} == {CHECK: 2, HIDDEN: 0}

    last = Keeping(made.workspace).journal.last(LESSON)
    assert {who: type(one) for who, one in last.items()} == {"ada": Written, "李 四": Written}
    examined = Keeping(made.workspace).latest(LESSON, "ada")
    assert examined is not None and examined.evidence.journal, "it ran in a session, which keeps a journal"


def _feedback(made: MadeClass, student: str) -> str:
    return (made.root / "feedback" / student / LESSON / f"{LESSON}.html").read_text("utf-8")
