"""All checks of an exercise in one cell: one verdict out of all its points, and the hidden ones are marked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grader import checks
from grader.checks.bench import Bench, use
from grader.checks.result import Verdict


class Values:
    """The learner's variables."""

    def __init__(self, **values: object) -> None:
        self.values = values

    def fetch(self, name: str) -> bytes | None:
        return json.dumps(self.values[name]).encode() if name in self.values else None


class Sink:
    def take(self, verdict: Verdict) -> None:
        self.verdict = verdict


CELL = {"cell_type": "code", "execution_count": None, "outputs": []}
CHECK = 'from grader import checks\nchecks.grade("L01-sum", checks.submission()["total"].there(int), points=1)'
HIDDEN = 'from grader import checks\nchecks.grade("L01-sum-hidden", checks.submission()["total"].equals(7), points=2)'


@pytest.fixture(autouse=True)
def lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "L01-sums"
    folder.mkdir()
    (tmp_path / "course.toml").write_text('title = "Sums"\nlessons = ["L01-sums"]\n')
    (folder / "lesson.toml").write_text('title = "Sums"\nidea = "i"\nminutes = 20\nobjectives = []\nexercises = []\n')
    cells = [
        {"cell_type": "markdown", "id": "L01-sum-goal", "source": "", "metadata": {"tags": ["exercise"]}},
        {**CELL, "id": "L01-sum", "source": "raise RuntimeError", "metadata": {"tags": ["starter"]}},
        {**CELL, "id": "L01-sum-check", "source": CHECK, "metadata": {"tags": ["check"]}},
        {**CELL, "id": "L01-sum-hidden", "source": HIDDEN, "metadata": {"tags": ["hidden"]}},
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "L01-sums.ipynb").write_text(json.dumps(notebook))
    monkeypatch.setenv("SLIPWAY_NOTEBOOKS", str(tmp_path))


@pytest.mark.parametrize(("values", "earned", "hidden"), [({"total": 7}, 3, "passed"), ({"total": 8}, 1, "failed")])
def test_one_verdict_out_of_all_points(values: dict[str, int], earned: float, hidden: str) -> None:
    sink = Sink()
    with use(Bench(values=Values(**values), sink=sink, records_progress=False)):
        given = checks.all_of("L01-sum")
    assert given == (None if earned == 3 else earned)
    assert (sink.verdict.exercise, sink.verdict.earned, sink.verdict.points) == ("L01-sum", earned, 3)
    assert [(result.outcome, result.hidden) for result in sink.verdict.results] == [("passed", False), (hidden, True)]


def test_the_message_of_a_hidden_check_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with use(Bench(values=Values(total=8), records_progress=False)):
        checks.all_of("L01-sum")
    printed = capsys.readouterr().out
    assert "✗ failed" in printed and "try next: " in printed and "1 of 3 points" in printed
    assert "7" not in printed


def test_what_was_not_tried_earns_nothing_and_raises_nothing() -> None:
    with use(Bench(values=Values(), records_progress=False)):
        assert checks.all_of("L01-sum") == 0.0
