"""How long a workspace's session is kept without use, and what is kept of it: one line for whoever stops and starts."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from course.errors import CourseError
from course.paths import state_dir

DAYS = 7.0
SETTING = "SLIPWAY_KEEP_DAYS"
DAY = 86_400.0
_KINDS = ("container", "image", "volume")
_COUNT = """
SELECT count(*) FROM objects JOIN sessions AS one USING (sid) JOIN sessions AS head ON head.sid = one.family
WHERE head.name = ? AND NOT one.ending AND objects.kind = ?
"""


def keep_seconds() -> float:
    """Seconds without use after which a kept session ends: `SLIPWAY_KEEP_DAYS`, else a week.

    Raises:
        CourseError: the setting is no positive number.
    """
    said = os.environ.get(SETTING) or DAYS
    with contextlib.suppress(ValueError):
        if 0 < (days := float(said)) < float("inf"):
            return days * DAY
    raise CourseError(f"{SETTING}, a number of days above 0", repr(said), f"unset {SETTING}, or set it to 7")


def kept(name: str) -> dict[str, int]:
    """How many containers, images and volumes a session and its machines have, by their ledgers; {} for none.

    Reads the files only, so that it works without an engine and without a gateway, as after a restart of the machine.

    Args:
        name: the session's.
    """
    found = dict.fromkeys(_KINDS, 0)
    for path in (state_dir() / "gateway").glob("*/ledger.db"):
        with contextlib.suppress(sqlite3.Error), contextlib.closing(_opened(path)) as ledger:
            for kind in _KINDS:
                found[kind] += ledger.execute(_COUNT, (name, kind)).fetchone()[0]
    return {kind: number for kind, number in found.items() if number}


def kept_line(name: str) -> str:
    """What is kept of a session, for how long, and what removes it; "" when there is nothing.

    Args:
        name: the session's, such as `lease.workspace_name` gives.
    """
    counts = [f"{number} {kind}{'s' * (number != 1)}" for kind, number in kept(name).items()]
    if not counts:
        return ""
    days = f"{keep_seconds() / DAY:g}"
    return (
        f"✓ kept for {days} day{'s' * (days != '1')} after the last use: {', '.join(counts)}; "
        f"`course session end {name}` removes all of it"
    )


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=2.0)
