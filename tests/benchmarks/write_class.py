"""Write a class's submissions into an instructor's workspace: honest work of so many learners for each lesson.

    grader init class && cd class
    for lesson in L01 L02 L03 L04 L05; do grader release $lesson; done
    python tests/benchmarks/write_class.py class --learners 40
    grader grade L01 && grader report L01

40 learners and five lessons are 200 submissions; with --odd one of ten is odd in one of forty ways.
The learners are also added to the roster.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from odd_ways import WAYS
from submissions import write_class

LESSONS = ["L01", "L02", "L03", "L04", "L05"]


def main() -> None:
    """Write the submissions and the roster's lines."""
    parser = argparse.ArgumentParser(description="Write a class's submissions into an instructor's workspace.")
    parser.add_argument("workspace", type=Path, help="a folder that `grader init` made")
    parser.add_argument("--learners", type=int, default=40, help="submissions of each lesson")
    parser.add_argument("--lesson", action="append", help="by default L01 to L05")
    parser.add_argument("--odd", action="store_true", help="one of ten is odd in one of forty ways")
    parser.add_argument("--short", action="store_true", help="without the demonstrations, which take time to run")
    given = parser.parse_args()
    made = write_class(given.workspace / "submitted", given.lesson or LESSONS, given.learners, whole=not given.short)
    for turn, one in enumerate(made[::10] if given.odd else ()):
        odd, folder = WAYS[turn % len(WAYS)], given.workspace / "submitted" / one.student / one.lesson.name
        odd.deed(folder, folder / one.lesson.notebook.name)
        print(f"{one.student}, {one.lesson.name}: {odd.name}")
    roster = given.workspace / "roster.csv"
    with roster.open(encoding="utf-8", newline="") as file:
        known = {row["id"] for row in csv.DictReader(file)}
    new = sorted({one.student for one in made} - known)
    with roster.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows((student, student, "", "") for student in new)
    print(f"{len(made)} submissions of {len({one.student for one in made})} learners")


if __name__ == "__main__":
    main()
