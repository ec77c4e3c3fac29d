"""What lies in the exchange's inbound folder, in which every user of the machine may make entries of any kind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from grader.classroom.stamps import read_stamp
from grader.examine.folder import opened_below

MOST_ENTRIES = 200_000


@dataclass(frozen=True)
class Entry:
    """One name in the inbound folder that speaks of a lesson.

    Args:
        name: the whole name: `student+lesson+time+random`, as `nbgrader submit` makes it.
        student: what stands before the first `+`: what whoever made the entry claims.
        when: the time of the name in UTC, without a zone; None for one that is none.
        owner: the user id of who made it; -1 where that cannot be known.
    """

    name: str
    student: str
    when: datetime | None
    owner: int


def entries(exchange: Path, course: str, lesson: str, zone: str = "UTC") -> list[Entry]:
    """The entries of a lesson, the newest first. Nothing is opened, no link is followed.

    Args:
        exchange: the exchange's folder.
        course: nbgrader's name of the course.
        lesson: its full name.
        zone: the zone of the exchange's time stamps, nbgrader's `Exchange.timezone`.

    Raises:
        NotAFolder: the inbound folder is not there, or is a link.
    """
    with opened_below(exchange, course, "inbound") as folder:
        found = [_entry(folder, name, lesson, zone) for name in _names(folder) if f"+{lesson}+" in name]
    return sorted(found, key=lambda one: (one.when or datetime.min, one.name), reverse=True)


def _names(folder: int) -> Iterator[str]:
    with os.scandir(folder) as listed:
        for _, entry in zip(range(MOST_ENTRIES), listed, strict=False):
            yield entry.name


def _entry(folder: int, name: str, lesson: str, zone: str) -> Entry:
    student, _, rest = name.partition(f"+{lesson}+")
    try:
        owner = os.stat(name, dir_fd=folder, follow_symlinks=False).st_uid
    except OSError:
        owner = -1
    return Entry(name, student, read_stamp(rest.partition("+")[0], zone), owner)
