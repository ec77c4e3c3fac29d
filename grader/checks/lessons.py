"""What other lessons of the same session made: a check looks past it, and says so where a name is taken."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from grader.checks import bench

if TYPE_CHECKING:
    from course.lesson.belongings import Owners
    from grader.checks.trial import Trial

_SESSION = re.compile(r"[a-z][0-9a-f]{11}")


def maker(trial: Trial, key: str, machine: str = "") -> str:
    """Another lesson that made an object, such as `container:<id>`; "" for one of this lesson or of nobody known."""
    owners = _owners(trial, machine)
    made_in = owners.of(key) if owners is not None else ""
    return made_in if made_in != trial.lesson else ""


def elsewhere(trial: Trial, moment: float, machine: str = "") -> bool:
    """Whether another lesson was at work at that moment, in seconds since the epoch."""
    owners = _owners(trial, machine)
    return owners is not None and owners.at(moment) not in ("", trial.lesson)


def _owners(trial: Trial, machine: str) -> Owners | None:
    """None where one session serves one exercise, as in an examiner, and on a second machine."""
    if machine or not trial.lesson or trial.bench.journal is not None or bench.in_examiner():
        return None
    if "owners" not in trial.memo:
        from course.lesson import belongings
        from grader.checks.faults import url_of

        found = _SESSION.search(url_of(trial.client()))
        trial.memo["owners"] = belongings.owners(found[0]) if found else None
    known: Owners | None = trial.memo["owners"]
    return known
