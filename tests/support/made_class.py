"""A class whose examinations are written by hand: what comes after examining is tested without an engine."""

from __future__ import annotations

import copy
import csv
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import nbformat
from click.testing import Result
from small_course import ANSWERS, LESSON, answer, write_course
from typer.testing import CliRunner

from grader.checks.result import Outcome as CheckOutcome
from grader.checks.result import Result as CheckResult
from grader.classroom.class_run import ClassRun, Graded
from grader.classroom.examining import Came
from grader.classroom.keeping import Keeping
from grader.classroom.steps import Steps
from grader.classroom.submission import Submission, digest
from grader.classroom.workspace import Workspace, open_workspace
from grader.cli import app
from grader.examine.examination import Evidence, Examination, ImageFact, Mark, Outcome

CHECK, HIDDEN = "T01-greeter-check", "T01-greeter-hidden"


class MadeClass:
    """An instructor's workspace of the small lesson, with learners who handed something in.

    Args:
        folder: where it is made.
        students: each hands in the right answer.
    """

    def __init__(self, folder: Path, students: Iterable[str]) -> None:
        self.students = list(students)
        self.root = folder / "class"
        self.grader("init", str(self.root), "--notebooks", str(write_course(folder)), here=False)
        with (self.root / "roster.csv").open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows((one, f"First {one}", f"Last, {one}", "") for one in self.students)
        self.grader("release", "T01")
        for student in self.students:
            self.hands_in(student)
        self._open()

    def copy(self, folder: Path, config: str = "") -> MadeClass:
        """The same class in another folder, as it is now: nbgrader takes seconds to make one.

        Args:
            folder: where.
            config: lines for nbgrader_config.py.
        """
        other = copy.copy(self)
        other.root = folder / "class"
        shutil.copytree(self.root, other.root)
        with (other.root / "nbgrader_config.py").open("a", encoding="utf-8") as file:
            file.write(config)
        other._open()
        return other

    def _open(self) -> None:
        self.workspace: Workspace = open_workspace(self.root)
        self.steps = Steps(self.workspace)

    def hands_in(self, student: str, answered: str = "right", timestamp: str = "") -> Path:
        """Put a submission where nbgrader collects them."""
        folder = self.root / "submitted" / student / LESSON
        answer(self.root / "release" / LESSON, folder, ANSWERS[answered])
        if timestamp:
            (folder / "timestamp.txt").write_text(timestamp)
        return folder

    def grader(self, *arguments: str, code: int = 0, here: bool = True) -> Result:
        """Run a command of `grader` in the workspace."""
        command = [*arguments, *(["--workspace", str(self.root)] if here else [])]
        done = CliRunner().invoke(app, command, catch_exceptions=False)
        assert done.exit_code == code, done.output
        return done

    def examination(
        self,
        student: str,
        check: float | None = 3,
        hidden: float | None = 1,
        *,
        said: str = "",
        notes: tuple[str, ...] = (),
        layers: tuple[str, ...] = (),
    ) -> Examination:
        """What an examiner would give, with these points."""
        source = nbformat.read(self.root / "source" / LESSON / f"{LESSON}.ipynb", 4)
        submitted = nbformat.read(self.root / "submitted" / student / LESSON / f"{LESSON}.ipynb", 4)
        submitted.cells = [
            mine if mine.id not in (CHECK, HIDDEN) else theirs for mine, theirs in _pairs(submitted, source)
        ]
        for cell in submitted.cells:
            if cell.id == CHECK and said:
                cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=said)]
        facts = (ImageFact(id="sha256:" + "a" * 64, tags=("greeter",), layers=layers, base="course/busybox"),)
        return Examination(
            student=student,
            lesson=LESSON,
            marks=(_mark(CHECK, check, 3, said), _mark(HIDDEN, hidden, 1, said)),
            notes=notes,
            notebook=nbformat.writes(submitted),
            evidence=Evidence(images=facts, engine="20.10 (API 1.41)", seconds=1.5, journal=('{"call": 1}',)),
        )

    def write(self, *examinations: Examination) -> list[Graded]:
        """Keep examinations and write them into the gradebook, as a run does with what comes back."""
        keeping = Keeping(self.workspace)
        run = ClassRun(self.workspace, self.steps, LESSON, keeping)
        graded = []
        with keeping.alone():
            for one in examinations:
                submission = self.submission(one.student)
                submitted = digest(run.source.job(submission).submitted)
                keeping.examined(one, submitted, run.source.digest)
                run._submitted[submission] = submitted
                graded.append(run.write(Came(submission, one)))
        return graded

    def submission(self, student: str) -> Submission:
        """One learner's."""
        return Submission(student, LESSON, self.root / "submitted" / student / LESSON)

    def change_tests(self, old: str, new: str) -> None:
        """Change the instructor's notebook."""
        path = self.root / "source" / LESSON / f"{LESSON}.ipynb"
        text = path.read_text("utf-8")
        assert json.dumps(old)[1:-1] in text
        path.write_text(text.replace(json.dumps(old)[1:-1], json.dumps(new)[1:-1]), "utf-8")

    def tree(self) -> dict[str, bytes]:
        """Every file of the workspace, to see whether anything was written."""
        return {str(path.relative_to(self.root)): path.read_bytes() for path in self.root.rglob("*") if path.is_file()}


def _pairs(submitted: nbformat.NotebookNode, source: nbformat.NotebookNode) -> Iterable[tuple]:  # type: ignore[type-arg]
    return zip(submitted.cells, source.cells, strict=True)


def _mark(cell: str, earned: float | None, points: float, said: str) -> Mark:
    outcome = (
        Outcome.COULD_NOT_CHECK
        if earned is None
        else Outcome.PASSED
        if earned == points
        else Outcome.PARTLY
        if earned
        else Outcome.FAILED
    )
    passed = CheckResult("image.exists", "there is an image greeter", CheckOutcome.PASSED)
    failed = CheckResult(
        "image.runs",
        "greeter runs and prints ahoy",
        CheckOutcome.FAILED,
        message="image.wrong_output",
        expected="the output ahoy",
        observed=said or "the output good day",
        try_next="look at CMD",
    )
    results = (passed,) if outcome is Outcome.PASSED else (passed, failed)
    return Mark(cell=cell, exercise="T01-greeter", outcome=outcome, earned=earned, points=points, results=results)
