"""A submission becomes marks, an executed notebook that nbgrader scores the same, and evidence."""

from __future__ import annotations

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import docker
import nbformat
import pytest
from nbgrader.utils import determine_grade

from course.gateway import Client
from grader.examine.examination import Examination, Outcome
from grader.examine.examiner import Examiner

pytestmark = [
    # the gateway is started on demand and outlives whoever started it
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]

NOTEBOOK = "T01-greeter.ipynb"


def marks(examined: Examination) -> list[tuple[str, float | None]]:
    return [(mark.outcome.value, mark.earned) for mark in examined.marks]


def scored(examined: Examination) -> list[float]:
    """The points that nbgrader reads from the executed notebook."""
    node = nbformat.reads(examined.notebook, 4)
    nbformat.validate(node)
    return [determine_grade(cell)[0] for cell in node.cells if cell.metadata.get("nbgrader", {}).get("grade")]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("right", [("passed", 3.0), ("passed", 1.0)]),
        ("partly", [("partly", 2.0), ("failed", 0.0)]),
        ("broken", [("build_failed", 0.0), ("build_failed", 0.0)]),
    ],
)
def test_an_honest_submission_gets_its_points(
    answer: str, expected: list[tuple[str, float]], examiner: Examiner, make_job: Any, engine: docker.DockerClient
) -> None:
    examined = examiner.examine(make_job(answer))
    assert marks(examined) == expected, examined.marks
    assert scored(examined) == [points for _, points in expected]
    assert examined.notes == () and {mark.exercise for mark in examined.marks} == {"T01-greeter"}
    assert Examination.from_json(examined.to_json()) == examined


def test_the_evidence_says_what_was_done_on_what(examiner: Examiner, make_job: Any) -> None:
    seen = examiner.examine(make_job("right")).evidence
    routes = [json.loads(line)["route"] for line in seen.journal]
    assert "image.build" in routes and "session.open" in routes
    (greeter,) = [image for image in seen.images if "greeter:latest" in image.tags]
    assert greeter.base == "course/busybox" and len(greeter.layers) >= 2
    assert set(seen.base_images) == {"course/busybox", "course/node", "course/python", "course/registry"}
    assert "API 1." in seen.engine and seen.course and seen.versions["nbgrader"] == "0.9.6"
    assert seen.attempts == 1 and len(seen.source_digest) == len(seen.submitted_digest) == 64


@pytest.mark.parametrize("raw", [b"{ not a notebook", None], ids=["torn", "absent"])
def test_what_cannot_be_read_is_a_row_without_points(raw: bytes | None, examiner: Examiner, make_job: Any) -> None:
    examined = examiner.examine(make_job(files={NOTEBOOK: raw}))
    assert marks(examined) == [("not_attempted", 0.0), ("not_attempted", 0.0)]
    assert scored(examined) == [0, 0] and len(examined.notes) == 1


def test_a_notebook_under_another_name_is_graded_with_a_note(examiner: Examiner, make_job: Any) -> None:
    job = make_job("right")
    examined = examiner.examine(make_job(files={NOTEBOOK: None, "mine.ipynb": job.submitted[NOTEBOOK]}))
    assert examined.points == 4 and "mine.ipynb" in examined.notes[0]


def test_an_engine_that_is_not_there_costs_no_points(examiner: Examiner, make_job: Any, tmp_path: Any) -> None:
    elsewhere = Examiner(examiner.engine, attempts=2)
    with elsewhere:
        elsewhere._url = f"unix://{tmp_path}/none.sock"  # as if it had been stopped
        examined = elsewhere.examine(make_job("right"))
    assert marks(examined) == [("could_not_check", None)] * 2 and examined.evidence.attempts == 2
    assert not examined.is_complete and any("Not the learner's fault" in note for note in examined.notes)
    assert all(mark.outcome is Outcome.COULD_NOT_CHECK for mark in examined.marks)


def test_a_gateway_that_dies_costs_a_repetition_and_no_points(
    examiner: Examiner, make_job: Any, engine_url: str
) -> None:
    gateway = Client(engine_url)
    before = {one["id"] for one in gateway.sessions()}  # of other tests, which hold theirs open
    with ThreadPoolExecutor(1) as thread:
        examined = thread.submit(examiner.examine, make_job("slow"))
        deadline = time.monotonic() + 60
        while not any(one["policy"] == "grading" and one["id"] not in before for one in gateway.sessions()):
            assert time.monotonic() < deadline, "a session for the submission"
            time.sleep(0.02)
        os.kill(int((gateway.home.announcement() or {})["pid"]), signal.SIGKILL)  # while it builds
        done = examined.result()
    assert done.points == done.out_of > 0, done.marks
    assert done.evidence.attempts > 1
