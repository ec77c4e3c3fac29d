"""A real lesson of the course, graded in the course kernel: all, a part, and nothing of it done."""

from __future__ import annotations

import json
from pathlib import Path

import docker
import nbformat
from typer.testing import CliRunner

from course.manifest import load
from grader.cli import app

LESSON = "L01"


def test_each_exercise_that_was_done_gives_its_points_and_the_others_none(
    on_the_engine: str, engine: docker.DockerClient, tmp_path: Path
) -> None:
    lesson = load().lesson(LESSON)
    root = tmp_path / "class"
    for arguments in (["init", str(root)], ["release", LESSON, "-C", str(root)]):
        assert CliRunner().invoke(app, arguments, catch_exceptions=False).exit_code == 0
    first = lesson.exercises[0]
    done = {"all": {exercise.id for exercise in lesson.exercises}, "one": {first.id}, "nothing": set[str]()}
    for learner, exercises in done.items():
        hand_in(root, learner, lesson.name, exercises)
    before = {container.id for container in engine.containers.list(all=True)}

    graded = CliRunner().invoke(app, ["grade", LESSON, "--json", "-C", str(root)], catch_exceptions=False)

    points = {one["student"]: one["points"] for one in json.loads(graded.stdout)}
    assert points == {"all": lesson.points, "one": first.points, "nothing": 0}
    assert {container.id for container in engine.containers.list(all=True)} == before


def hand_in(root: Path, learner: str, name: str, exercises: set[str]) -> None:
    """The released copy with the reference solutions of some exercises, where submissions are collected."""
    released, source = (nbformat.read(root / step / name / f"{name}.ipynb", 4) for step in ("release", "source"))
    solutions = {cell.id: cell.source for cell in source.cells}
    for cell in released.cells:
        if cell.id in exercises:
            cell.source = solutions[cell.id]
    folder = root / "submitted" / learner / name
    folder.mkdir(parents=True)
    for path in (root / "release" / name).iterdir():
        if path.suffix != ".ipynb":
            (folder / path.name).write_bytes(path.read_bytes())
    nbformat.write(released, folder / f"{name}.ipynb")
