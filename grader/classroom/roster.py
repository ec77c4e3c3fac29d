"""The roster: a CSV file with one learner a line, any Unicode name, put into nbgrader's gradebook."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from grader.classroom.errors import BadRoster
from grader.classroom.shown import shown

COLUMNS = ("id", "first_name", "last_name", "email", "user")
# nbgrader makes a folder of the id, globs for it, and splits names of submissions at "+".
MOST_BYTES = 200  # of an id: file systems take 255 for a name
_UNUSABLE = '/\\*?[]+\0"'


@dataclass(frozen=True)
class Learner:
    """One line of the roster; the id names the learner's folders.

    Args:
        id: nbgrader's id of the learner.
        first_name, last_name, email: as nbgrader keeps them.
        user: the learner's login on this machine, or its number, where that is not the id.
    """

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    user: str = ""


def read_roster(path: Path) -> list[Learner]:
    """Read the roster.

    Args:
        path: a CSV file in UTF-8 with a heading; the column `id` is needed, the others of `COLUMNS` may be there,
            further ones are ignored. Spreadsheets' byte order mark and semicolons are understood.

    Raises:
        BadRoster: no such file, not UTF-8, no column `id`, or a line with an id that is empty, given twice, or that
            cannot be the name of a folder.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRoster(f"a CSV file in UTF-8 at {path}", str(error), "save the sheet as “CSV UTF-8”") from error
    heading = text.partition("\n")[0]
    table = csv.DictReader(io.StringIO(text), delimiter=";" if heading.count(";") > heading.count(",") else ",")
    names = [name.strip().lower() for name in table.fieldnames or ()]
    if "id" not in names:
        raise BadRoster(f"columns {','.join(COLUMNS)}", heading or "an empty file", f"write that heading into {path}")
    table.fieldnames = names
    learners: dict[str, Learner] = {}
    for row in table:
        learner = Learner(**{name: (row.get(name) or "").strip() for name in COLUMNS})
        if not any(row.values()):
            continue
        _refuse(path, table.line_num, learner.id, learners)
        learners[learner.id] = learner
    return list(learners.values())


def unnameable(id_: str) -> str:
    """Why a folder in submitted/ cannot be a learner's, "" if it can: nbgrader strips ids, and takes `*` for all."""
    if (
        not id_
        or id_.startswith(".")
        or id_ != id_.strip()
        or any(sign in id_ for sign in "*/")
        or not id_.isprintable()
    ):
        return f"the folder's name '{shown(id_)}' cannot be a learner's id"
    return ""


def unusable(id_: str) -> str:
    """Why no learner can have this id, "" if one can: nbgrader makes folders of it, and patterns."""
    if not id_ or id_.startswith(".") or id_ != id_.strip():
        return f"the id {id_!r}"
    if any(sign in id_ for sign in _UNUSABLE) or not id_.isprintable() or len(id_.encode()) > MOST_BYTES:
        return f"the id {id_!r}, of which no folder can be named"
    return ""


def _refuse(path: Path, line: int, id_: str, known: dict[str, Learner]) -> None:
    fault = f"the id {id_!r} a second time" if id_ in known else unusable(id_)
    if fault:
        raise BadRoster("an id of its own on every line of the roster", f"line {line}: {fault}", f"correct {path}")
