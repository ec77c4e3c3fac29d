"""Extensions: more days for one learner in one lesson, in a file of the workspace and in the gradebook."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry

from grader.classroom.errors import BadMoment
from grader.classroom.moments import later

FILE = "extensions.csv"
COLUMNS = ("student", "lesson", "days")
MOST_DAYS = 3650


def read_extensions(root: Path) -> dict[tuple[str, str], float]:
    """The days that were granted, by learner and lesson; the last line of a pair counts."""
    try:
        with (root / FILE).open(encoding="utf-8-sig", newline="") as file:
            return {(row["student"], row["lesson"]): _days(row["days"]) for row in csv.DictReader(file)}
    except FileNotFoundError:
        return {}
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise BadMoment(
            f"{FILE} with the columns {', '.join(COLUMNS)}", str(error), f"correct {root / FILE}"
        ) from error


def _days(text: str) -> float:
    days = float(text)
    if not 0 <= days <= MOST_DAYS:
        raise ValueError(f"{text} days")
    return days


def write_extension(root: Path, student: str, lesson: str, days: float) -> None:
    """Set the days of one learner in one lesson; 0 takes them back and stays as a line. The file is replaced whole."""
    known = {**read_extensions(root), (student, lesson): days}
    part = root / f"{FILE}.part"
    with part.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        table.writerows((*pair, f"{granted:g}") for pair, granted in known.items())
    part.replace(root / FILE)


def apply_extension(db_url: str, root: str | Path, lesson: str, student: str, zone: str = "UTC") -> None:
    """Bring the gradebook's extension of a submission up to the file; a learner without a line is left as they are.

    A day is one by the clocks of `zone`: the hour stays where they are put forward.

    nbgrader keeps an extension at a submission, so one that is granted before is kept here until then.
    """
    granted = read_extensions(Path(root)).get((student, lesson))
    if granted is None:
        return
    with Gradebook(db_url) as book:
        try:
            submission = book.find_submission(lesson, student)
        except MissingEntry:
            return
        due = submission.assignment.duedate
        longer = later(due, granted, zone) - due if due else timedelta(days=granted)
        submission.extension = longer if granted else None
        book.db.commit()
