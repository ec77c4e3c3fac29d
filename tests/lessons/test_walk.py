"""One person takes the whole course in order, in one session, and closes nothing: ten kernels stay open.

`make proof` answers each exercise wrong first, asks for a hint, and then answers right; other runs answer right only.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from live_kernel import LiveKernel
from walk import Step, refusals, sockets, steps

from course import manifest, progress
from course.gateway import Client, attach
from course.gateway.errors import NoSession
from course.gateway.lease import workspace_name
from course.manifest import Lesson
from course.paths import state_dir
from course.workspace import place

COURSE = manifest.load()
EVERYTHING = "SLIPWAY_EVERYTHING" in os.environ
MOST_SOCKETS = 100
POINTS = re.compile(r"(\S+) of (\S+) points")


@pytest.fixture
def walk_workspace(engine_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A learner's folder and record of their own."""
    for name in ("DOCKER_HOST", "SLIPWAY_SESSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SLIPWAY_ENGINE", engine_url)
    monkeypatch.setenv("SLIPWAY_WORKSPACE", str(tmp_path))
    monkeypatch.setenv("SLIPWAY_LEARNER", "walker")
    (state_dir() / "progress" / "progress.json").unlink(missing_ok=True)  # of other tests
    yield tmp_path
    with suppress(NoSession):  # all that the walk made goes with it
        Client().end(workspace_name(tmp_path))


@pytest.mark.timeout(3600)
def test_the_whole_course_in_one_session_with_nothing_closed(walk_workspace: Path) -> None:
    workspace = walk_workspace
    with ExitStack() as open_, attach(workspace) as lease:
        kernels = {}
        for lesson in COURSE.lessons:
            folder = place(lesson, workspace).parent
            kernels[lesson.id] = open_.enter_context(LiveKernel(folder, {}))
            take(lesson, kernels[lesson.id], workspace)
        assert sockets(lease.session.url) < MOST_SOCKETS
        again(COURSE.lesson("L06"), kernels["L06"], workspace)
        assert not refusals(lease.session.id)
    record = progress.read()
    for lesson, exercise in COURSE.exercises():
        check = record.lesson(lesson.id).checks[exercise.id]
        assert check.best == check.out_of == exercise.points
        assert record.lesson(lesson.id).hints.get(exercise.id, 0) == EVERYTHING


def take(lesson: Lesson, kernel: LiveKernel, workspace: Path) -> None:
    """A lesson as a learner takes it."""
    for step in steps(lesson, lambda: place(lesson, workspace)):
        if EVERYTHING or step.attempt in ("", "right"):
            does(kernel, step)


def again(lesson: Lesson, kernel: LiveKernel, workspace: Path) -> None:
    """Restart & Run All, with the right answers: what is there from before is no reason for a failure."""
    kernel.restart()
    place(lesson, workspace)
    for step in steps(lesson, lambda: None):
        if step.attempt in ("", "right"):
            does(kernel, step)


def does(kernel: LiveKernel, step: Step) -> None:
    """Run a cell as JupyterLab does, and hold it against what is expected."""
    ran = kernel.run(step.source, step.cell)
    said = f"{step.cell}\n{step.source}\n{ran.stdout}\n{ran.shown_error}"
    assert "connections" not in ran.shown_error, said
    if step.expects in ("ok", "all"):
        assert ran.ok, said
    if step.expects in ("fewer", "all"):
        cards = [*ran.displays, ran.result]
        points = POINTS.findall("\n".join([ran.stdout, ran.shown_error, *(one.get("text/html", "") for one in cards)]))
        assert points or step.expects == "fewer", said
        assert all((earned == out_of) is (step.expects == "all") for earned, out_of in points), said
