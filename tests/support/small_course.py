"""A course of one small lesson with a Dockerfile exercise, and learners who fetch, answer and submit it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

LESSON = "T01-greeter"
STARTER = '''\
from pathlib import Path
import docker
Path("Dockerfile").write_text("""
### BEGIN SOLUTION
FROM course/busybox
COPY greeting.txt /greeting.txt
CMD ["cat", "/greeting.txt"]
### END SOLUTION
""")
image, _ = docker.from_env().images.build(path=".", tag="greeter", rm=True)'''
CHECK = """\
from grader import checks
greeter = checks.image("greeter")
checks.grade(
    "T01-greeter",
    checks.dockerfile("Dockerfile").builds(),
    greeter.descends_from("course/busybox"),
    greeter.has_file("/greeting.txt"),
    points=3,
)"""
HIDDEN = """\
### BEGIN HIDDEN TESTS
from grader import checks
checks.grade("T01-greeter", checks.image("greeter").runs(prints="ahoy"), points=1)
### END HIDDEN TESTS"""
ANSWERS = {
    "right": 'FROM course/busybox\nCOPY greeting.txt /greeting.txt\nCMD ["cat", "/greeting.txt"]',
    "partly": 'FROM course/busybox\nCMD ["echo", "good day"]',
    "broken": "FROM course/busybox\nRUN no-such-command",
    "slow": 'FROM course/busybox\nRUN sleep 3\nCOPY greeting.txt /greeting.txt\nCMD ["cat", "/greeting.txt"]',
}
LESSON_TOML = """
title = "A greeter"
idea = "an image for the tests"
minutes = 20
objectives = [{ text = "build an image", met_by = ["T01-greeter"] }]
[[exercises]]
id = "T01-greeter"
title = "Greet"
points = 4
minutes = 5
hints = ["one", "two", "three"]
"""


def cell(source: str, name: str, *, points: int = 0) -> nbformat.NotebookNode:
    """A solution cell, or with points a graded check cell."""
    made = new_code_cell(source, id=name)
    made.metadata.nbgrader = {
        "grade": points > 0,
        "grade_id": name,
        "locked": points > 0,
        "schema_version": 3,
        "solution": points == 0,
        "task": False,
        "cell_type": "code",
        **({"points": points} if points else {}),
    }
    return made


def write_course(folder: Path) -> Path:
    """A folder with course.toml and one lesson, with an answer and notes that must never leave it."""
    lesson = folder / "notebooks" / LESSON
    (lesson / "answers" / "T01-greeter").mkdir(parents=True)
    (lesson / "answers" / "T01-greeter" / "wrong-one.dockerfile").write_text("FROM course/python")
    (lesson / "instructor.md").write_text("notes")
    (lesson / "lesson.toml").write_text(LESSON_TOML)
    (lesson / "greeting.txt").write_text("ahoy\n")
    (lesson.parent / "course.toml").write_text(f'title = "Small"\nlessons = ["{LESSON}"]\n')
    cells = [
        new_markdown_cell("# A greeter", id="title"),
        cell(STARTER, "T01-greeter"),
        cell(CHECK, "T01-greeter-check", points=3),
        cell(HIDDEN, "T01-greeter-hidden", points=1),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), lesson / f"{LESSON}.ipynb")
    return lesson.parent


def fetch(learner: Path, exchange: Path) -> Path:
    """Fetch the released lesson as a learner; return the notebook's path."""
    nbgrader(learner, exchange, "fetch_assignment", LESSON)
    return learner / LESSON / f"{LESSON}.ipynb"


def answer(released: Path, folder: Path, dockerfile: str) -> None:
    """Copy the released lesson's folder, and put a Dockerfile where the solution was."""
    shutil.copytree(released, folder, dirs_exist_ok=True)
    notebook = nbformat.read(folder / f"{LESSON}.ipynb", 4)
    starter = notebook.cells[1]
    assert "# your code here" in starter.source
    starter.source = starter.source.replace("# your code here", dockerfile)
    nbformat.write(notebook, folder / f"{LESSON}.ipynb")


def submit(learner: Path, exchange: Path) -> None:
    """Submit what is in a learner's folder; the folder's name is the learner's id."""
    nbgrader(learner, exchange, "submit", LESSON, "--student", learner.name)


def nbgrader(folder: Path, exchange: Path, *arguments: str) -> None:
    """Run `nbgrader` as a learner does, in a folder of the learner's own."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nbgrader_config.py").write_text(
        f'c = get_config()\nc.CourseDirectory.course_id = "slipway"\nc.Exchange.root = "{exchange}"\n'
        f'c.Exchange.cache = "{folder / "cache"}"\n'
    )
    program = Path(sys.executable).parent / "nbgrader"
    done = subprocess.run(
        [program, *arguments], cwd=folder, capture_output=True, text=True, env=os.environ, check=False
    )
    assert done.returncode == 0, done.stderr
