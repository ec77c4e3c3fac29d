"""Every lesson with its solutions, run from top to bottom in JupyterLab and in Notebook 7, in a real browser.

A lesson takes a front end a minute and more, so `IN_LAB` and `IN_NOTEBOOK` run by default, and all in both with
SLIPWAY_EVERYTHING=1.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import docker
import pytest
from front_end import PATIENCE, FrontEnd, server
from playwright.sync_api import Page, expect

from course import manifest, notebooks
from course.manifest import Lesson
from course.workspace import place

LESSONS = manifest.load().lessons
ALL = "SLIPWAY_EVERYTHING" in os.environ
IN_LAB = [lesson for lesson in LESSONS if ALL or lesson.id in ("L00", "L03", "L09")]
IN_NOTEBOOK = [lesson for lesson in LESSONS if ALL or lesson.id == "L01"]
RUNS = [*(("lab", lesson) for lesson in IN_LAB), *(("notebook", lesson) for lesson in IN_NOTEBOOK)]
LESSON_SECONDS = 240.0
LOOK = 0.5  # seconds between two looks
ATTEMPTS = 3


@pytest.fixture
def solved(lab_workspace: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """The lesson's folder in the learner's workspace, with the solutions; the released copy comes back afterwards."""
    lesson = request.getfixturevalue("lesson")
    copy = place(lesson, lab_workspace)
    copy.write_bytes(lesson.notebook.read_bytes())
    yield copy
    place(lesson, lab_workspace)


@pytest.mark.parametrize(("name", "lesson"), RUNS, ids=[f"{lesson.id}-{name}" for name, lesson in RUNS])
def test_a_lesson_runs_from_top_to_bottom(
    name: str, lesson: Lesson, solved: Path, lab_workspace: Path, browser_page: Page, request: pytest.FixtureRequest
) -> None:
    front = FrontEnd(name, request.getfixturevalue(f"{name}_url"), browser_page)
    wanted = [cell for cell in notebooks.read(lesson.notebook).cells if cell.kind == "code"]
    for _ in range(ATTEMPTS):
        empty(lab_workspace)
        front.open(f"{lesson.name}/{solved.name}")
        run_all(front.page)
        cells = outcome(front, solved)
        front.end_kernels()
        # Chromium drops every connection when a network interface appears; what was sent at that moment is lost
        if faults(cells) or all(cell["execution_count"] for cell in cells.values()):
            break
    assert not faults(cells)
    assert [id_ for id_, cell in cells.items() if not cell["execution_count"]] == []
    for cell in wanted:
        if cell.role in notebooks.GRADED:
            assert f"{cell.points:g} of {cell.points:g} points" in json.dumps(cells[cell.id]["outputs"]), cell.id
    assert "removed" in json.dumps(cells[f"{lesson.id}-cleanup"]["outputs"])


def run_all(page: Page) -> None:
    """Run ▸ Run All Cells."""
    page.locator(".lm-MenuBar-item").get_by_text("Run", exact=True).click()
    page.locator(".lm-Menu-item").get_by_text("Run All Cells", exact=True).click()
    expect(page.locator(".lm-Menu")).to_have_count(0)


def outcome(front: FrontEnd, path: Path) -> dict[str, dict[str, object]]:
    """Wait until the kernel has run what it got, save, and read the code cells from the file by id."""
    base, token = server(front.url)
    end = time.monotonic() + LESSON_SECONDS
    quiet = 0
    while quiet < 4 and time.monotonic() < end:
        time.sleep(LOOK)
        kernels = front.page.request.get(f"{base}/api/kernels", headers={"Authorization": f"token {token}"}).json()
        busy = any(kernel["execution_state"] != "idle" for kernel in kernels)
        quiet = 0 if busy else quiet + 1
    before = path.stat().st_mtime_ns
    front.page.locator(".lm-MenuBar-item").get_by_text("File", exact=True).click()
    front.page.locator(".lm-Menu-item").get_by_text("Save Notebook", exact=True).first.click()
    book = None
    while book is None and time.monotonic() < end + PATIENCE / 1000:
        time.sleep(LOOK)
        if path.stat().st_mtime_ns != before:
            with contextlib.suppress(json.JSONDecodeError):  # it is being written
                book = json.loads(path.read_text("utf-8"))
    assert book is not None, "the notebook is saved"
    return {cell["id"]: cell for cell in book["cells"] if cell["cell_type"] == "code"}


def faults(cells: dict[str, dict[str, object]]) -> list[str]:
    """The errors in the outputs, each with its cell."""
    return [
        f"{id_}: {output['ename']}: {output['evalue']}"
        for id_, cell in cells.items()
        for output in cell["outputs"]  # type: ignore[attr-defined]  # JSON of nbformat
        if output["output_type"] == "error"
    ]


def empty(workspace: Path) -> None:
    """Remove what an attempt before has left in the learner's session."""
    from course.gateway import attach
    from course.lesson.belongings import holdings, remove

    with attach(workspace) as lease, closing(docker.DockerClient(lease.session.url, timeout=60)) as inside:
        remove(inside, list(holdings(inside)))
