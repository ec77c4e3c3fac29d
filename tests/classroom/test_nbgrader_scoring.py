"""How the installed nbgrader scores what a graded cell ends in: the table of traps, held against real runs.

Each row is a cell of one notebook that goes through generate_assignment and autograde with a plain Python kernel. When
a new nbgrader scores differently, a row fails here before a learner gets wrong marks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import nbgrader.apps.api
import nbgrader.converters
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.apps.api import NbGraderAPI
from traitlets.config import Config

from grader.classroom.steps import find_own_programs

# nbgrader 0.9.6 adds submissions in a way that SQLAlchemy 2 warns of
pytestmark = pytest.mark.filterwarnings("ignore:Object of type <Submitted:sqlalchemy.exc.SAWarning")

POINTS = 4


@dataclass(frozen=True)
class Ending:
    """A way in which a graded cell worth 4 points can end, and the points that nbgrader 0.9.6 gives for it."""

    name: str
    source: str
    points: float


ENDINGS = [
    # what `grader.checks.grade` keeps to
    Ending("no-value", "x = 1", 4),
    Ending("prints", "print('✓ passed')", 4),
    Ending("none", "None", 4),
    Ending("part", "1.5", 1.5),
    Ending("prints-and-part", "print('half')\n2.0", 2),
    Ending("raises", "raise AssertionError('no')", 0),
    Ending("prints-then-raises", "print('✓')\nraise AssertionError('no')", 0),
    Ending(
        "renders-its-own-traceback",
        "class Failed(AssertionError):\n"
        "    def _render_traceback_(self):\n        return ['one', 'two', 'three']\n"
        "raise Failed()",
        0,
    ),
    # the edges of a number
    Ending("zero", "0.0", 0),
    Ending("zero-int", "0", 0),
    Ending("all-as-a-number", "4.0", 4),
    # the traps: each would be full marks, or none, against the intention
    Ending("false", "False", 4),
    Ending("true", "True", 4),
    Ending("nan", "float('nan')", 4),
    Ending("negative", "-1", 4),
    Ending("object", "object()", 4),
    Ending("text", "'failed'", 4),
    Ending("number-as-text", "'1.5'", 4),
    Ending("list", "[1.5]", 4),
    Ending("stderr-before-a-value", "import sys\nprint('note', file=sys.stderr)\n3.0", 0),
    Ending("stderr-alone", "import sys\nprint('note', file=sys.stderr)", 0),
    Ending("warning", "import warnings\nwarnings.warn('old')", 0),
    Ending("log-line", "import logging\nlogging.warning('careful')", 0),
    Ending("value-not-last", "1.5\nx = 1", 4),
    Ending("displayed-value", "from IPython.display import display\ndisplay(1.5)", 4),
    Ending("numpy-like", "class Half(float):\n    def __repr__(self):\n        return 'Half(2.0)'\nHalf(2.0)", 4),
    Ending("exit-code", "raise SystemExit(1)", 0),
    Ending("silenced-by-semicolon", "1.5;", 4),
]


def graded_cell(name: str, source: str) -> nbformat.NotebookNode:
    cell = new_code_cell(source, id=name)
    cell.metadata.nbgrader = {
        "grade": True,
        "grade_id": name,
        "locked": True,
        "points": POINTS,
        "schema_version": 3,
        "solution": False,
        "task": False,
        "cell_type": "code",
    }
    return cell


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NbGraderAPI]:
    """A course with two assignments in which Ada's submissions are the released notebooks; nbgrader as installed."""
    find_own_programs()
    with (
        pytest.MonkeyPatch.context() as patch
    ):  # other tests of this process may have installed the grader's converters
        patch.setattr(nbgrader.apps.api, "Autograde", nbgrader.converters.Autograde)
        yield made(tmp_path_factory)


def made(tmp_path_factory: pytest.TempPathFactory) -> NbGraderAPI:
    root = tmp_path_factory.mktemp("scoring")
    config = Config()
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.course_id = "scoring"
    (root / "exchange").mkdir()
    config.Exchange.root = str(root / "exchange")
    api = NbGraderAPI(config=config, log_level="ERROR")
    submit(api, "table", [graded_cell(ending.name, ending.source) for ending in ENDINGS])
    submit(api, "above", [graded_cell("fine", "x = 1"), graded_cell("above", "4.5")])
    return api


def submit(api: NbGraderAPI, assignment: str, cells: list[nbformat.NotebookNode]) -> None:
    root = Path(api.coursedir.root)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    for folder in (root / "source" / assignment, root / "submitted" / "ada" / assignment):
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / f"{assignment}.ipynb")
    made = api.generate_assignment(assignment)
    assert made["success"], made.get("log")


@pytest.fixture(scope="module")
def points(course: NbGraderAPI) -> dict[str, float]:
    """The automatic score of each cell after one run."""
    result = course.autograde("table", "ada")
    assert result["success"], result
    with course.gradebook as book:
        return {grade.name: grade.auto_score for grade in book.find_submission_notebook("table", "table", "ada").grades}


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.name)
def test_a_graded_cell_that_ends_so_gets_these_points(ending: Ending, points: dict[str, float]) -> None:
    assert points[ending.name] == ending.points


def test_a_number_above_the_points_aborts_the_whole_submission(course: NbGraderAPI) -> None:
    result = course.autograde("above", "ada")
    assert not result["success"]
    assert "partial credit cannot be greater than maximum points" in result["log"]
    assert not Path(course.coursedir.root, "autograded", "ada", "above").exists()


def test_the_three_lines_of_an_own_traceback_are_what_the_learner_sees(
    course: NbGraderAPI, points: dict[str, float]
) -> None:
    graded = nbformat.read(Path(course.coursedir.root, "autograded", "ada", "table", "table.ipynb"), 4)
    (cell,) = [cell for cell in graded.cells if cell.metadata.nbgrader.grade_id == "renders-its-own-traceback"]
    (output,) = cell.outputs
    assert output.output_type == "error" and output.traceback == ["one", "two", "three"]


def test_the_folder_of_a_graded_submission_makes_nbgrader_skip_it_without_force(
    course: NbGraderAPI, points: dict[str, float]
) -> None:
    marker = Path(course.coursedir.root, "autograded", "ada", "table", "half-way")
    marker.touch()
    assert course.autograde("table", "ada", force=False)["success"]
    assert marker.exists(), "nbgrader ran it again: the trap is gone, and `Steps.autograde` may resume"
