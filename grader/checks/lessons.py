"""What other lessons of the same session made: a check looks past it, and says so where a name is taken."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from grader.checks import bench
from grader.checks.check import not_attempted

if TYPE_CHECKING:
    from course.lesson.belongings import Owners
    from grader.checks.deed import Deed
    from grader.checks.trial import Trial

_SESSION = re.compile(r"[a-z][0-9a-f]{11}")


def maker(trial: Trial, key: str, machine: str = "") -> str:
    """Another lesson that made an object (`belongings.key_of`); "" for one of this lesson or of nobody known."""
    owners = _owners(trial, machine)
    made_in = owners.of(key) if owners is not None else ""
    return made_in if made_in != trial.lesson else ""


def must_be_own(trial: Trial, message_id: str, name: str, key: str, machine: str = "") -> None:
    """Refuse an object of another lesson.

    Raises:
        Unmet: `message_id` (not attempted), such as `volume.of_lesson`, which names the lesson.
    """
    if other := maker(trial, key, machine):
        raise not_attempted(message_id, lesson=other, **{message_id.partition(".")[0]: name})


def elsewhere(trial: Trial, deed: Deed, machine: str = "") -> bool:
    """Whether something was done while another lesson was at work, and not to an object of this lesson."""
    owners = _owners(trial, machine)
    if owners is None or owners.at(deed.time) in ("", trial.lesson):
        return False
    return owners.noted(f"{deed.kind}:{deed.object_id}") != trial.lesson


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
