"""A class from the roster to the table of marks, through nbgrader and a real engine."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest
from click.testing import Result
from small_course import ANSWERS, LESSON, answer, fetch, submit
from typer.testing import CliRunner

from grader.cli import app

pytestmark = [
    # nbgrader 0.9.6 leaves it to the collector to close a file (`ExchangeReleaseFeedback.copy_files`)
    pytest.mark.filterwarnings(r"ignore:unclosed file .*timestamp\.txt:ResourceWarning"),
    # the gateway is started on demand and outlives whoever started it
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]

NAMES = {"right": "Ada", "partly": 'Zoë "Z", the second', "broken": "李", "absent": "Absent"}
POINTS = {
    "broken": {"T01-greeter-check": 0, "T01-greeter-hidden": 0},
    "partly": {"T01-greeter-check": 2, "T01-greeter-hidden": 0},
    "right": {"T01-greeter-check": 3, "T01-greeter-hidden": 1},
}


@dataclass
class Class:
    """An instructor's workspace, the learners' folders, and `grader` run in the workspace."""

    root: Path
    learners: Path
    engine: str

    def grader(self, *arguments: str) -> Result:
        done = self.tried(*arguments)
        assert done.exit_code == 0, done.output
        return done

    def tried(self, *arguments: str) -> Result:
        """Run a command that may fail; what grades does so on the prepared engine, with two workers."""
        grading = ["--engine", self.engine, "--workers", "2"] if arguments[0] in ("grade", "regrade") else []
        command = [*arguments, *grading, "--workspace", str(self.root)]
        return CliRunner().invoke(app, command, catch_exceptions=False)

    @property
    def exchange(self) -> Path:
        return self.root / "exchange"

    def collected(self, learner: str, text: str) -> Path:
        """Put an answer where nbgrader collects submissions, as an instructor without an exchange does."""
        folder = self.root / "submitted" / learner / LESSON
        answer(self.root / "release" / LESSON, folder, ANSWERS[text])
        return folder / f"{LESSON}.ipynb"


@pytest.fixture
def classroom(small_course: Path, tmp_path: Path, engine_url: str) -> Class:
    """A workspace with a roster of four and the released lesson."""
    root = tmp_path / "class"
    done = CliRunner().invoke(app, ["init", str(root), "--notebooks", str(small_course)])
    assert done.exit_code == 0, done.output
    with (root / "roster.csv").open("a", encoding="utf-8", newline="") as roster:
        csv.writer(roster).writerows((id_, name, "", f"{id_}@example.org") for id_, name in NAMES.items())
    made = Class(root, tmp_path / "learners", engine_url)
    made.grader("release", "T01")
    return made


def test_three_submissions_get_the_points_they_deserve(
    classroom: Class, on_the_engine: str, engine: docker.DockerClient, tmp_path: Path
) -> None:
    before = standing(engine)
    released = fetch(classroom.learners / "first", classroom.exchange).parent
    for learner, text in (("right", "broken"), *zip(POINTS, POINTS, strict=True)):  # the newest submission counts
        answer(released, classroom.learners / learner / LESSON, ANSWERS[text])
        submit(classroom.learners / learner, classroom.exchange)

    graded = json.loads(classroom.grader("grade", LESSON, "--json").stdout)
    assert {one["student"]: {score["cell"]: score["points"] for score in one["scores"]} for one in graded} == POINTS
    assert [one["failure"] for one in graded] == ["", "", ""]

    classroom.grader("feedback", "T01")
    pages = {page.parts[-3]: page.read_text("utf-8") for page in (classroom.root / "feedback").glob("*/*/*.html")}
    assert set(pages) == set(POINTS)
    assert "no-such-command" in pages["broken"] and "/greeting.txt" in pages["partly"]
    assert "Score: 4 of 4" in pages["right"]

    classroom.grader("export", "--to", str(tmp_path / "marks.csv"))
    with (tmp_path / "marks.csv").open(encoding="utf-8", newline="") as file:
        marks = {row["student_id"]: row for row in csv.DictReader(file)}
    assert {id_: float(row["score"]) for id_, row in marks.items()} == {
        "right": 4,
        "partly": 2,
        "broken": 0,
        "absent": 0,
    }
    assert {id_: row["first_name"] for id_, row in marks.items()} == NAMES
    assert all(float(row["max_score"]) == 4 for row in marks.values())
    assert (marks["absent"]["timestamp"], bool(marks["right"]["timestamp"])) == ("", True)
    assert standing(engine) == before, "grading left something on the engine"


def test_a_submission_that_cannot_be_run_is_a_row_and_not_the_end(classroom: Class, on_the_engine: str) -> None:
    classroom.collected("right", "right")
    torn = classroom.collected("torn", "right")
    whole = torn.read_text()
    torn.write_text("{ not a notebook")
    tried = classroom.tried("grade", "T01", "--json")
    assert tried.exit_code == 1, tried.output
    graded = {one["student"]: one for one in json.loads(tried.stdout)}
    assert (graded["right"]["state"], graded["right"]["points"]) == ("graded", 4)
    assert (graded["torn"]["state"], graded["torn"]["tries"]) == ("failed", 0)
    assert "cannot be read: no JSON" in graded["torn"]["note"]
    assert graded["torn"]["note"].endswith("tell the learner: Open it in JupyterLab, save it, and hand it in again")

    torn.write_text(whole)
    again = {one["student"]: one for one in json.loads(classroom.grader("grade", "T01", "--json").stdout)}
    assert (again["right"]["state"], again["right"]["points"]) == ("unchanged", 4)
    assert (again["torn"]["state"], again["torn"]["points"]) == ("graded", 4)


def standing(engine: docker.DockerClient) -> dict[str, set[str]]:
    """Ids of what is on the engine."""
    return {
        "containers": {container.id for container in engine.containers.list(all=True)},
        "images": {image["Id"] for image in engine.api.images(all=True)},
        "networks": {network.id for network in engine.networks.list()},
        "volumes": {volume.id for volume in engine.volumes.list()},
    }
