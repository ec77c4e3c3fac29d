"""Jobs and examinations survive the trip through JSON, and nothing else comes back from it."""

from __future__ import annotations

import math

import msgspec
import pytest

from grader.checks.result import Outcome as CheckOutcome
from grader.checks.result import Result
from grader.examine import job as jobs
from grader.examine.errors import BadData
from grader.examine.examination import Evidence, Examination, ImageFact, Mark, Outcome
from grader.examine.job import Budgets, Job

JOB = Job(
    student='Zoë "Z" 李',
    lesson="T01-greeter",
    notebook="T01-greeter.ipynb",
    source={"T01-greeter.ipynb": b"{}", "shop/Dockerfile": b"FROM course/busybox"},
    submitted={"T01-greeter.ipynb": b"\xff\x00"},
    budgets=Budgets(cell_seconds=5),
    skipped=("x: a link",),
)
MARK = Mark(
    cell="T01-greeter-check",
    exercise="T01-greeter",
    outcome=Outcome.PARTLY,
    earned=1.5,
    points=3,
    results=(Result("image.runs", "it runs", CheckOutcome.FAILED, "image.no", "a", "b", "c"),),
)
EXAMINATION = Examination(
    student="Ada",
    lesson="T01-greeter",
    marks=(MARK, Mark(cell="h", exercise="", outcome=Outcome.COULD_NOT_CHECK, earned=None, points=1)),
    notes=("a note",),
    notebook="{}",
    evidence=Evidence(images=(ImageFact(id="sha256:1", tags=("web",)),), base_images={"course/busybox": "sha256:2"}),
)


def test_both_come_back_as_they_were() -> None:
    assert Job.from_json(JOB.to_json()) == JOB
    assert Examination.from_json(EXAMINATION.to_json()) == EXAMINATION
    assert (EXAMINATION.points, EXAMINATION.out_of, EXAMINATION.is_complete) == (1.5, 4, False)


@pytest.mark.parametrize(
    "change",
    [
        {"notebook": "../other.ipynb"},
        {"notebook": "absent.ipynb"},
        {"submitted": {"/etc/passwd": ""}},
        {"submitted": {"a/../../b": ""}},
        {"submitted": {"a\0b": ""}},
        {"budgets": {"cell_seconds": 0}},
        {"budgets": {"cell_hours": 1}},
        {"student": 5},
    ],
    ids=str,
)
def test_a_job_that_names_what_is_not_its_own_is_refused(change: dict[str, object]) -> None:
    raw = {**msgspec.json.decode(JOB.to_json()), **change}
    with pytest.raises(BadData):
        Job.from_json(msgspec.json.encode(raw))


@pytest.mark.parametrize("earned", [-1, 3.5, None, math.nan])
def test_points_outside_of_what_a_cell_is_worth_are_no_mark(earned: float | None) -> None:
    with pytest.raises(ValueError):
        Mark(cell="c", exercise="", outcome=Outcome.FAILED, earned=earned, points=3)


def test_too_much_data_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "MAX_BYTES", 10)
    with pytest.raises(BadData, match="up to 10 bytes"):
        Job.from_json(JOB.to_json())


def test_deep_nesting_is_bad_data_and_no_crash() -> None:
    with pytest.raises(BadData):
        Examination.from_json(b'{"student":' + b"[" * 100_000)


def test_every_outcome_has_a_sign_and_words() -> None:
    assert {outcome: f"{outcome.symbol} {outcome.words}" for outcome in Outcome} == {
        "passed": "✓ passed",
        "failed": "✗ failed",
        "partly": "◐ partly right",
        "not_attempted": "○ not attempted",
        "timed_out": "✗ timed out",
        "out_of_memory": "✗ out of memory",
        "build_failed": "✗ build failed",
        "refused": "✗ refused by policy",
        "kernel_died": "✗ submission kernel died",
        "could_not_check": "! could not be checked",
    }
