"""A class over all lessons in which some hand-ins are odd: made, graded twice, and compared with what is right.

python tests/support/odd_class.py --size 200 --each 10
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from odd_ways import WAYS, Odd
from typer.testing import CliRunner

from course.manifest import Lesson, load
from grader.cli import app

_STRIDE = 17  # so that a few of the ways are of different kinds


@dataclass(frozen=True)
class HandIn:
    """What one learner hands in: the reference solutions, and what is odd about it, None for nothing."""

    student: str
    lesson: Lesson
    odd: Odd | None

    def wrong(self, row: dict[str, Any] | None) -> str:
        """What is wrong about the row of a table, "" for nothing."""
        if row is None:
            return "there is no row"
        notebook = f"{self.lesson.name}.ipynb"
        if self.odd is not None and not self.odd.is_graded:
            is_right = row["state"] == "failed" and self.odd.says.format(notebook) in row["note"]
        else:
            earned = 0 if self.odd is not None and not self.odd.earns else self.lesson.points
            notes = self.odd.notes.format(notebook) if self.odd is not None else ""
            is_right = row["state"] in ("graded", "unchanged") and row["points"] == earned and notes in row["note"]
        return "" if is_right else f"{row['state']}, {row['points']} of {row['out_of']}: {row['note']}"


@dataclass
class OddClass:
    """A workspace with released lessons and hand-ins.

    Args:
        root: the workspace, to be made.
        size: how many hand-ins; the lessons take turns.
        each: one in so many is odd.
        options: more options of `grader grade`.
        ids: of the lessons, all by default.
    """

    root: Path
    size: int
    each: int = 10
    options: Sequence[str] = ()
    ids: Sequence[str] = ()
    hand_ins: list[HandIn] = field(default_factory=list)

    def make(self) -> None:
        """Make it, as an instructor and learners do."""
        lessons = [one for one in load().lessons if not self.ids or one.id in self.ids]
        self._grader("init", str(self.root))
        for lesson in lessons[: self.size]:
            self._grader("release", lesson.name, "-C", str(self.root))
        for number in range(self.size):
            turn, is_odd = divmod(number + 1, self.each)
            odd = None if is_odd else WAYS[turn * _STRIDE % len(WAYS)]
            one = HandIn(f"learner{number:03}", lessons[number % len(lessons)], odd)
            self.hand_ins.append(one)
            self._hand_in(one)

    def grade(self) -> Iterator[str]:
        """Grade all lessons twice; one line for whatever is not as it should be."""
        for lesson in dict.fromkeys(one.lesson.name for one in self.hand_ins):
            theirs = [one for one in self.hand_ins if one.lesson.name == lesson]
            code = 0 if all(one.odd is None or one.odd.is_graded for one in theirs) else 1
            first, again = (self._graded(lesson, code) for _ in range(2))
            for one in theirs:
                for turn, rows in (("first", first), ("second", again)):
                    if why := one.wrong(rows.get(one.student)):
                        yield f"{lesson}, {one.student}, {one.odd.name if one.odd else 'honest'}, {turn} run: {why}"
            yield from (f"{lesson}: a row of nobody's: {who}" for who in set(first) - {one.student for one in theirs})
            yield from (f"{lesson}, {who}: examined in the second run" for who, row in again.items() if row["tries"])
            noted = {who: (row["points"], row["note"]) for who, row in first.items()}
            if noted != {who: (row["points"], row["note"]) for who, row in again.items()}:
                yield f"{lesson}: the second table is not the first: {first} {again}"

    def _graded(self, lesson: str, code: int) -> dict[str, dict[str, Any]]:
        said = self._grader("grade", lesson, "--json", *self.options, "-C", str(self.root), code=code)
        return {row["student"]: row for row in json.loads(said)}

    def _hand_in(self, one: HandIn) -> None:
        name = one.lesson.name
        released, source = (
            nbformat.read(self.root / step / name / f"{name}.ipynb", 4) for step in ("release", "source")
        )
        solutions = {cell.id: cell.source for cell in source.cells}
        exercises = {exercise.id for exercise in one.lesson.exercises}
        for cell in released.cells:
            if cell.id in exercises:
                cell.source = solutions[cell.id]
        folder = self.root / "submitted" / one.student / name
        shutil.copytree(self.root / "release" / name, folder)
        nbformat.write(released, folder / f"{name}.ipynb")
        if one.odd is not None:
            one.odd.deed(folder, folder / f"{name}.ipynb")

    def _grader(self, *arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert done.exit_code == code, f"{arguments} ended with {done.exit_code}, not {code}: {done.output[-3000:]}"
        return done.stdout


def main() -> None:
    """Make a class and grade it; the exit code is 1 when something is wrong."""
    reading = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    reading.add_argument("--size", type=int, default=60)
    reading.add_argument("--each", type=int, default=10, help="one in so many is odd")
    reading.add_argument("options", nargs="*", help="of `grader grade`, after --")
    reading.add_argument("--lesson", action="append", default=[], help="an id, repeatable; all lessons by default")
    given = reading.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made, begun = (
            OddClass(Path(folder) / "class", given.size, given.each, given.options, given.lesson),
            time.monotonic(),
        )
        made.make()
        odd = [one.odd for one in made.hand_ins if one.odd is not None]
        made_in, begun = time.monotonic() - begun, time.monotonic()
        wrong = list(made.grade())
        print(*wrong, sep="\n")
        graded = sum(one.is_graded for one in odd)
        print(f"{given.size} hand-ins, {len(odd)} odd in {len(set(odd))} ways, {graded} of them graded")
        lessons = ", ".join(dict.fromkeys(one.lesson.id for one in made.hand_ins))
        print(f"{len(wrong)} rows are wrong in {lessons}")
        print(f"made in {made_in:.0f} s, graded twice in {time.monotonic() - begun:.0f} s")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
