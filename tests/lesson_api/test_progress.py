"""Progress is kept on disk, survives many writers, and says where one stands and what to do next."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from course import progress
from course.lesson import score
from course.standing import summary


@pytest.fixture(autouse=True)
def _own_progress(small_course: Path) -> None:
    """Every test has its own folder and the small course."""


def test_nothing_is_known_at_first() -> None:
    assert progress.read() == progress.Progress()
    assert summary().next_step == "open L00-begin/L00-begin.ipynb (Begin, about 20 minutes)."


def test_the_best_points_are_kept_beside_the_newest() -> None:
    for points in (1.0, 2.0, 0.5):
        progress.record_check("L00-only", points, 2.0)
    assert progress.read().lesson("L00").checks["L00-only"] == progress.CheckRecord(0.5, 2.0, 2.0, 3)


def test_the_first_prediction_stays_known() -> None:
    progress.record_prediction("L00-status", "A", False)
    progress.record_prediction("L00-status", "B", True)
    assert progress.prediction("L00-status") == progress.Prediction("A", "B", True)


def test_hints_only_go_up() -> None:
    for step in (1, 3, 2):
        progress.record_hint("L00-only", step)
    assert progress.hints_read("L00-only") == 3


def test_many_processes_lose_nothing() -> None:
    code = (
        "import sys; from course import progress\n"
        "for n in range(10): progress.record_check(f'L00-{sys.argv[1]}{n}', 1, 1)"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, letter]) for letter in "abcd"]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    assert len(progress.read().lesson("L00").checks) == 40


def test_a_file_that_cannot_be_read_is_kept_and_the_course_goes_on(tmp_path: Path) -> None:
    progress.record_opened("L00")
    path = tmp_path / "state/progress/progress.json"
    path.write_text("{ torn")
    progress.record_opened("L01")
    assert list(progress.read().lessons) == ["L01"]
    assert path.with_suffix(".unreadable").read_text() == "{ torn"


def test_the_file_is_plain_json(tmp_path: Path) -> None:
    progress.record_check("L00-only", 1, 2)
    kept = json.loads((tmp_path / "state/progress/progress.json").read_text())
    assert kept["lessons"]["L00"]["checks"]["L00-only"]["points"] == 1


def test_the_next_step_is_the_first_exercise_without_its_points() -> None:
    progress.record_opened("L00")
    assert summary().next_step == "the exercise L00-only (The only exercise) in L00-begin/L00-begin.ipynb."
    progress.record_check("L00-only", 2, 2)
    assert summary().next_step.startswith("open L01-go-on/L01-go-on.ipynb")
    progress.record_opened("L01")
    progress.record_check("L01-one", 3, 3)
    assert summary().next_step.startswith("the exercise L01-two")
    progress.record_check("L01-two", 4, 4)
    assert summary().next_step == "every lesson is done."


def test_text_and_html_say_the_same() -> None:
    progress.record_opened("L00")
    progress.record_check("L00-only", 1, 2)
    progress.record_prediction("L00-status", "A", False)
    bundle = summary()._repr_mimebundle_()
    for rendering in bundle.values():
        for fact in ("Begin", "… begun", "1 of 2", "1 of 1", "○ not begun", "Next: the exercise L00-only"):
            assert fact in rendering, fact


def test_score_shows_a_line_for_each_exercise(capsys: pytest.CaptureFixture[str]) -> None:
    progress.record_check("L01-one", 3, 4)
    score("L01")
    assert capsys.readouterr().out.splitlines() == [
        "L01-one  … begun          3 of 4 points",
        "L01-two  ○ not attempted  0 of 4 points",
        "L01: 3 of 8 points",
    ]


def test_every_place_names_the_points_of_the_whole_lesson(capsys: pytest.CaptureFixture[str]) -> None:
    """In a class a notebook runs the visible checks only: 3 of the 4 points of L01-one."""
    progress.record_opened("L01")
    progress.record_check("L01-one", 3, 3)
    progress.record_check("L01-two", 4, 4)
    score("L01")
    assert "L01-one  ✓ done           3 of 4 points" in capsys.readouterr().out
    assert "✓ done       7 of 8 points" in str(summary())


def test_the_lab_opens_at_the_lesson_that_was_set_up_last(small_course: Path) -> None:
    from course.lab import where_the_learner_was
    from course.manifest import load

    course = load()
    assert where_the_learner_was(course).id == "L00", "before any was"
    progress.record_opened("L01")
    assert where_the_learner_was(course).id == "L01"
