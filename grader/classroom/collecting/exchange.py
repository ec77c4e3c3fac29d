"""Collecting from the exchange: of each learner of the roster the newest hand-in that is theirs and can be graded."""

from __future__ import annotations

import os
import pwd
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.classroom.collecting.inbound import Entry, entries
from grader.classroom.collecting.notebook import take
from grader.classroom.collecting.placing import place
from grader.classroom.collecting.record import Kept, Record
from grader.classroom.errors import NoNotebook
from grader.classroom.roster import Learner
from grader.classroom.shown import shown
from grader.classroom.stamps import stamp
from grader.classroom.submission import released_notebook, submitted_at
from grader.classroom.workspace import Workspace
from grader.examine.folder import NotAFolder, read_entry, said

MOST_TRIES = 10  # hand-ins of one learner that are looked at in one run
MOST_ODD = 10  # rows for what one user of the machine left under names that are nobody's


@dataclass
class Collected:
    """What came of collecting.

    Args:
        new: the learners of whom something new is in submitted/.
        odd: by the id that an entry claims, why it was not taken: one sentence each.
    """

    new: list[str] = field(default_factory=list)
    odd: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


@dataclass(frozen=True)
class Exchange:
    """Where nbgrader's exchange is, and how far it is trusted.

    Args:
        root: its folder.
        course: nbgrader's name of the course.
        zone: of the time stamps.
        check_owner: whether an entry must belong to its learner's user (nbgrader's `ExchangeCollect.check_owner`).
    """

    root: Path
    course: str
    zone: str = "UTC"
    check_owner: bool = True


def collect(workspace: Workspace, exchange: Exchange, lesson: str, roster: Sequence[Learner]) -> Collected:
    """Copy new hand-ins from the exchange to submitted/. One entry never holds up another.

    Raises:
        NotAFolder: the exchange's inbound folder is a link, or cannot be read.
    """
    came = Collected()
    known = {learner.id: learner for learner in roster}
    by_student: dict[str, list[Entry]] = defaultdict(list)
    strangers = []
    for entry in entries(exchange.root, exchange.course, lesson, exchange.zone):
        if entry.student in known:
            by_student[entry.student].append(entry)
        else:
            strangers.append(entry)
    record = Record(workspace, lesson)
    for student, theirs in sorted(by_student.items()):
        _collect_one(workspace, exchange, lesson, known[student], theirs, record, came)
    _say_strangers(strangers, known, came)
    return came


def _collect_one(
    workspace: Workspace,
    exchange: Exchange,
    lesson: str,
    learner: Learner,
    theirs: Iterable[Entry],
    record: Record,
    came: Collected,
) -> None:
    released = released_notebook(workspace, lesson)
    before = submitted_at(workspace, lesson, learner.id)
    for tries, entry in enumerate(theirs):
        if record.has(learner.id, entry.name) or (entry.when is not None and before and entry.when <= before):
            return
        if tries >= MOST_TRIES:
            came.odd[learner.id].append(
                f"More than {MOST_TRIES} hand-ins cannot be taken; the others were not looked at."
            )
            return
        why = _doubt(entry, learner, exchange)
        if not why:
            try:
                read = read_entry(exchange.root, exchange.course, "inbound", entry.name, only_its_owner=True)
                taken = take(read.files, lesson, released, read.skipped)
                assert entry.when is not None, "an entry without a time is doubted"
                place(workspace, learner.id, lesson, read.files, entry.when)
                record.keep(
                    learner.id,
                    Kept(
                        entry=entry.name,
                        at=stamp(entry.when),
                        skipped=read.skipped,
                        called=taken.called,
                    ),
                )
                came.new.append(learner.id)
                return
            except NotAFolder as error:
                why = f"it is no folder that can be read: {error.observed}"
            except NoNotebook as error:
                why = f"{error.observed}; {error.try_next}"
            except (FileExistsError, NotADirectoryError) as error:
                why = f"something stands in the way in submitted/: {said(error)}"
        came.odd[learner.id].append(f"The hand-in '{shown(entry.name)}' was not taken: {why}.")


def _doubt(entry: Entry, learner: Learner, exchange: Exchange) -> str:
    """Why an entry may not be this learner's, "" for no reason."""
    if entry.when is None:
        return "its name has no time that can be read"
    if not exchange.check_owner or entry.owner in (0, os.geteuid()):
        return ""  # root and whoever grades could write into submitted/ as well
    login = login_of(entry.owner)
    wanted = learner.user or learner.id
    if wanted in (login, str(entry.owner)):
        return ""
    return (
        f"it belongs to the user {shown(login)}, not to {shown(wanted)}; if that is right, "
        f"write {shown(login)} into the column `user` of roster.csv"
    )


def login_of(owner: int) -> str:
    """The login name of a user id; the number where it has none."""
    try:
        return pwd.getpwuid(owner).pw_name
    except (KeyError, OverflowError):
        return str(owner)


def _say_strangers(strangers: Iterable[Entry], known: dict[str, Learner], came: Collected) -> None:
    counts: dict[int, int] = defaultdict(int)
    for entry in strangers:
        counts[entry.owner] += 1
        if counts[entry.owner] <= MOST_ODD:
            hint = "" if known else "; roster.csv has no learners yet"
            came.odd[entry.student].append(
                f"The hand-in '{shown(entry.name)}' of the user {shown(login_of(entry.owner))} was not taken: "
                f"no learner of the roster has exactly this id{hint}."
            )
    for owner, count in counts.items():
        if count > MOST_ODD:
            who = shown(login_of(owner))
            came.odd[f"user {who}"].append(f"{count - MOST_ODD} more hand-ins for ids that the roster has not.")
