"""A small course with everything that a lesson can declare, a learner's folder, and a session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import docker
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course.gateway import Session, session

COURSE = 'title = "Shops"\nlessons = ["L00-begin", "L01-go-on"]\n'
BEGIN = """
title = "Begin"
idea = "a lesson for tests"
minutes = 20
objectives = [{ text = "start a container", met_by = ["L00-only"] }]
[[exercises]]
id = "L00-only"
title = "The only exercise"
points = 2
minutes = 5
hints = ["where to look", "which idea", "the shape"]
[[exercises.state_hints]]
container = "web"
status = "exited"
exit_code = 127
text = "the command was not found"
[[exercises.state_hints]]
container = "web"
status = "absent"
text = "there is no container web"
[[exercises.state_hints]]
image = "shop"
status = "present"
text = "the image is there"
"""
GO_ON = """
title = "Go on"
idea = "a lesson that needs the first one"
minutes = 30
needs = ["L00"]
objectives = [{ text = "build an image", met_by = ["L01-one"] }]
prepares = [{ image = "left-by-l00", context = "prepare" }]
parameters = [{ name = "word", choices = ["amber", "cobalt", "indigo"] }, { name = "port", between = [20000, 29999] }]
[[exercises]]
id = "L01-one"
title = "One"
points = 4
minutes = 5
hints = ["a", "b", "c"]
[[exercises]]
id = "L01-two"
title = "Two"
points = 4
minutes = 5
hints = ["a", "b", "c"]
"""
QUESTIONS = """
[[questions]]
id = "L00-status"
text = "What is the status of an image?"
because = "it has no process"
options = [
  { text = "running", misconception = "M5" },
  { text = "it has none", right = true },
  { text = "created", misconception = "M1" },
]
"""


@pytest.fixture
def small_course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The course's sources; `course.manifest.load` reads them, and progress goes to a folder of the test."""
    root = tmp_path / "notebooks"
    for name, text in (("L00-begin", BEGIN), ("L01-go-on", GO_ON)):
        folder = root / name
        (folder / "prepare").mkdir(parents=True)
        (folder / "lesson.toml").write_text(text)
        (folder / "prepare" / "Dockerfile").write_text("FROM course/busybox\nENV LEFT=yes\n")
        (folder / "shop.py").write_text("print('open')\n")
        solution = new_code_cell("### BEGIN SOLUTION\n1 + 1\n### END SOLUTION", id="answer")
        solution.metadata.nbgrader = {
            "grade": False, "grade_id": "answer", "locked": False, "schema_version": 3, "solution": True, "task": False,
        }  # fmt: skip
        cells = [new_markdown_cell("# Begin", id="title"), solution]
        nbformat.write(new_notebook(cells=cells), folder / f"{name}.ipynb")
    (root / "course.toml").write_text(COURSE)
    (root / "L00-begin" / "questions.toml").write_text(QUESTIONS)
    monkeypatch.setenv("SLIPWAY_NOTEBOOKS", str(root))
    monkeypatch.setenv("SLIPWAY_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr("course.lesson.current._chosen", [])
    return root


@pytest.fixture(scope="session")
def lesson_session(engine_url: str) -> Iterator[Session]:
    """A learner's session; tests clean up what they make in it."""
    with session(name="lesson-tests") as opened:
        yield opened


@pytest.fixture
def inside(lesson_session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[docker.DockerClient]:
    """Put this process into the session, as a kernel is; the session is empty afterwards."""
    from course.lesson.belongings import holdings, remove
    from course.session import attach

    for name, value in lesson_session.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(attach, "ATTACHMENT", attach.Attachment(attach.os.environ))
    with closing(docker.DockerClient(lesson_session.url, timeout=60)) as client:
        yield client
        remove(client, list(holdings(client)))
