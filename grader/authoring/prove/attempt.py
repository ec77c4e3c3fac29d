"""Run one answer to one exercise, and keep what the checks said."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from course import notebooks
from course.gateway import session
from course.manifest import Lesson
from course.notebooks import ExerciseCells, LessonNotebook
from course.workspace import place, self_study
from grader.authoring.answers import Answer
from grader.authoring.prove.kernel import CELL_SECONDS, CellRun, WarmKernel
from grader.checks.result import Result, Verdict


@dataclass(frozen=True)
class Marked:
    """The verdict of a check cell, without advice. `decisive` is the id of the message that the learner reads first."""

    cell: str
    earned: float
    points: float
    outcomes: tuple[Result, ...]
    decisive: str
    error: str = ""


@dataclass(frozen=True)
class Attempt:
    """One answer, run: the verdict of its check cell, and the errors of the cells before."""

    answer: Answer
    marked: tuple[Marked, ...]
    errors: tuple[str, ...]

    @property
    def earned(self) -> float:
        return sum(cell.earned for cell in self.marked)

    @property
    def points(self) -> float:
        return sum(cell.points for cell in self.marked)

    @property
    def decisive(self) -> str:
        """The message that the learner reads first; empty when every check passed."""
        return next((cell.decisive for cell in self.marked if cell.decisive), "")

    def report(self) -> str:
        """What happened, for a failing test: each check, then the errors."""
        lines = [f"{self.answer.exercise} / {self.answer.name}: {self.earned:g} of {self.points:g} points"]
        for cell in self.marked:
            lines.append(f"  {cell.cell}: {cell.earned:g} of {cell.points:g} {cell.error}")
            lines += [
                f"    {o.outcome}{' (hidden)' if o.hidden else ''} {o.title} {o.message} {o.observed}".rstrip()
                for o in cell.outcomes
            ]
        return "\n".join([*lines, *(f"  error: {error}" for error in self.errors)])


class Prover:
    """Runs answers of one lesson in one warm kernel, each in a new session, with the check cells of a self-study copy.

    A context manager.

    The engine is the one that `course.gateway` finds (`SLIPWAY_ENGINE`).

    Args:
        lesson: the lesson.
        room: an empty folder for the learner's copy and the verdicts.
        kernel: the kernelspec.
    """

    def __init__(self, lesson: Lesson, room: Path, kernel: str = notebooks.KERNEL) -> None:
        self.lesson = lesson
        self.notebook: LessonNotebook = notebooks.read(lesson.notebook)
        self._copy = notebooks.parse(self_study(lesson.notebook), lesson.notebook)
        self._room = room
        self._workspace = room / "workspace"
        self._verdicts = room / "verdicts.jsonl"
        self._folder = self._workspace / lesson.name
        self._kernel_name = kernel
        self._stack = ExitStack()

    def __repr__(self) -> str:
        return f"<Prover of {self.lesson.name}>"

    def __enter__(self) -> Prover:
        self._folder.mkdir(parents=True)
        with ExitStack() as stack:  # what was opened is closed here when the next step fails
            first = stack.enter_context(session(policy="class"))
            env = {
                **first.environment(),
                "SLIPWAY_WORKSPACE": str(self._workspace),
                # Progress is written in a lesson; here it goes where nobody looks for it.
                "SLIPWAY_STATE_DIR": str(self._room / "state"),
                "SLIPWAY_VERDICTS": str(self._verdicts),
            }
            self._kernel = stack.enter_context(WarmKernel(self._folder, env, self._kernel_name))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def untouched(self, exercise_id: str) -> Attempt:
        """Run the exercise as a learner gets it."""
        starters = self._copy.exercise(exercise_id).of("starter")
        answer = Answer(exercise_id, "untouched", {cell.id: cell.source for cell in starters})
        return self.attempt(answer)

    def attempt(self, answer: Answer, *, starter_seconds: float = CELL_SECONDS) -> Attempt:
        """Run the setup cell and the exercise with this answer, in a new session and an empty folder.

        A starter cell that raises does not end the attempt: nbgrader runs the checks after it too.

        Args:
            answer: the answer.
            starter_seconds: after this time a starter cell is interrupted, and counts as one that raised.
        """
        cells = self._copy.exercise(answer.exercise).with_starters(answer.sources)
        self._refresh_folder(answer.files)
        with session(policy="class") as own:
            self._must(_MOVE.format(environment=own.environment()))
            for cell in self.notebook.of("setup"):
                self._must(cell.source)
            return self._graded(answer, cells, starter_seconds)

    def _graded(self, answer: Answer, cells: ExerciseCells, starter_seconds: float) -> Attempt:
        marked: list[Marked] = []
        errors: list[str] = []
        for cell in cells.code:
            self._verdicts.unlink(missing_ok=True)
            run = self._kernel.run(cell.source, starter_seconds if cell.role == "starter" else CELL_SECONDS)
            if cell.role in notebooks.GRADED:
                marked.append(self._marked(cell.id, cell.points, run))
            elif not run.ok:
                errors.append(f"{cell.id}: {run.error}")
        return Attempt(answer, tuple(marked), tuple(errors))

    def _marked(self, cell_id: str, points: float, run: CellRun) -> Marked:
        lines = self._verdicts.read_text("utf-8").splitlines() if self._verdicts.exists() else []
        if len(lines) != 1:  # the cell is wrong, not the answer: say so where the author looks
            return Marked(cell_id, 0.0, points, (), "no-verdict", run.error or "calls grade() not exactly once")
        verdict = Verdict.from_json(lines[0])
        outcomes = tuple(result for result in verdict.results if not result.advice)
        open_ = any(not result.passed for result in outcomes)
        return Marked(cell_id, verdict.earned, points, outcomes, verdict.decisive.message if open_ else "")

    def _refresh_folder(self, files: Mapping[str, bytes]) -> None:
        for path in self._folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        place(self.lesson, self._workspace)
        for name, content in files.items():
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def _must(self, source: str) -> CellRun:
        run = self._kernel.run(source)
        if not run.ok:
            raise RuntimeError(f"the proof's own cell failed: {run.error}\n{source}\n{run.traceback}")
        return run


_MOVE = """
get_ipython().reset(new_session=False)
import os
from course.session import attach
os.environ.update({environment!r})
attach.ATTACHMENT = attach.Attachment(os.environ)
"""
"""Drops the last answer's variables and switches to another session, like a kernel restart."""
