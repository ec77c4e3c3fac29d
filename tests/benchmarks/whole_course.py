"""The whole course from top to bottom: every lesson with its solutions and all checks, visible and hidden. Seconds.

    .venv/bin/python tests/benchmarks/whole_course.py [LESSON …]

Each lesson runs in a kernel and a session of its own, one after another, as a learner would take them. The table says
where the time goes; below it stand the slowest cells. The limit is 240 s on two cores that do nothing else. Folders of
its own, so a gateway that runs already is left alone; the engine is SLIPWAY_ENGINE or the one that is found.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from course import manifest, notebooks
from course.manifest import Lesson
from course.workspace import place
from grader.authoring.prove.kernel import WarmKernel

LIMIT = 240.0
SLOWEST = 12
PARTS = {
    "setup": "set-up",
    "predict": "pages", "run": "pages", "explain": "pages", "change": "pages", "cleanup": "pages",
    "given": "solutions", "starter": "solutions",
    "check": "checks", "hidden": "checks",
}  # fmt: skip
COLUMNS = ("kernel", "set-up", "pages", "solutions", "checks")


@dataclass(frozen=True)
class Taken:
    """How long one cell took, in seconds."""

    cell: str
    part: str
    seconds: float


def taken(lesson: Lesson, room: Path) -> list[Taken]:
    """Run one lesson and time each of its cells.

    Raises:
        SystemExit: a cell raised, or a check did not give all points.
    """
    from course.gateway import session

    folder = place(lesson, room).parent
    found = []
    with session(policy="class") as one:
        env = {**one.environment(), "SLIPWAY_WORKSPACE": str(room)}
        began = time.perf_counter()
        with WarmKernel(folder, env) as kernel:
            found.append(Taken("kernel", "kernel", time.perf_counter() - began))
            for cell in notebooks.read(lesson.notebook).cells:
                if cell.kind != "code":
                    continue
                began = time.perf_counter()
                run = kernel.run(cell.source)
                found.append(Taken(cell.id, PARTS.get(str(cell.role), "pages"), time.perf_counter() - began))
                if not run.ok:
                    raise SystemExit(f"{cell.id}: {run.error}")
                if cell.role in notebooks.GRADED and f"{cell.points:g} of {cell.points:g} points" not in run.stdout:
                    raise SystemExit(f"{cell.id}: not all points\n{run.stdout}")
    return found


def main(names: list[str]) -> None:
    """Measure and print."""
    course = manifest.load()
    lessons = [lesson for lesson in course.lessons if not names or {lesson.id, lesson.name} & set(names)]
    every: list[Taken] = []
    print(f"{'':<16}" + "".join(f"{column:>11}" for column in (*COLUMNS, "all")))
    with tempfile.TemporaryDirectory(prefix="swb", dir="/tmp") as folder:
        os.environ |= {"SLIPWAY_STATE_DIR": f"{folder}/s", "SLIPWAY_RUNTIME_DIR": f"{folder}/r"}
        from course.gateway import Client

        began = time.perf_counter()
        Client().status()  # starts the gateway, once for a learner
        print(f"{'gateway':<16}{'':>55}{time.perf_counter() - began:>11.1f}")
        try:
            for lesson in lessons:
                cells = taken(lesson, Path(folder) / "w")
                every += cells
                print(row(lesson.name, cells), flush=True)
        finally:
            Client().stop(end_sessions=True)
        total = time.perf_counter() - began
    print(row("cells", every))
    verdict = "met" if total <= LIMIT else "NOT met"
    print(f"in all {total:.0f} s, with opening and ending of sessions; limit {LIMIT:.0f} s: {verdict}")
    for one in sorted(every, key=lambda one: -one.seconds)[:SLOWEST]:
        print(f"  {one.seconds:6.1f}  {one.cell}")


def row(name: str, cells: list[Taken]) -> str:
    """A line of the table."""
    sums: dict[str, float] = defaultdict(float)
    for one in cells:
        sums[one.part] += one.seconds
    return f"{name:<16}" + "".join(f"{sums[column]:>11.1f}" for column in COLUMNS) + f"{sum(sums.values()):>11.1f}"


if __name__ == "__main__":
    main(sys.argv[1:])
