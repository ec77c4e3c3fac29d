"""What the tests of one submission share: an examiner on the prepared engine, and jobs of a small lesson."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_course import ANSWERS, LESSON, answer, write_course

from course.workspace import place, released
from grader.examine.examiner import Examiner
from grader.examine.job import Budgets, Job, read_folder

MakeJob = Callable[..., Job]


@pytest.fixture(scope="session")
def examiner(engine_url: str) -> Iterator[Examiner]:
    """One examiner for all tests, on the engine that `make setup` prepared."""
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed: `make tools` installs it with root and consent")
    if os.geteuid() != 0:
        pytest.skip("only root can set a firewall around graded containers")
    with Examiner(engine_url) as one:
        yield one


@pytest.fixture(scope="session")
def small_lesson(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], Path]:
    """The source folder of the small lesson as data, and the folder that a learner gets."""
    from course.manifest import load

    root = tmp_path_factory.mktemp("small")
    (lesson,) = load(write_course(root)).lessons
    place(lesson, root / "released", released)
    return read_folder(lesson.folder)[0], root / "released" / LESSON


@pytest.fixture(scope="session")
def make_job(small_lesson: tuple[dict[str, bytes], Path], tmp_path_factory: pytest.TempPathFactory) -> MakeJob:
    """A submission of the small lesson: an answer by its name, changed files, budgets."""
    source, released = small_lesson

    def make(
        text: str = "right", *, files: dict[str, bytes | None] | None = None, budgets: Budgets | None = None
    ) -> Job:
        folder = tmp_path_factory.mktemp("submission")
        answer(released, folder, ANSWERS[text])
        submitted = {**read_folder(folder)[0], **(files or {})}
        return Job(
            student="Ada",
            lesson=LESSON,
            notebook=f"{LESSON}.ipynb",
            source=source,
            submitted={path: content for path, content in submitted.items() if content is not None},
            budgets=budgets or Budgets(),
        )

    return make


@pytest.fixture(autouse=True)
def _ended(request: pytest.FixtureRequest) -> Iterator[None]:
    """Sessions end in the background: wait for that before the next test looks at the engine."""
    yield
    if "examiner" in request.fixturenames:
        request.getfixturevalue("examiner").settle()
