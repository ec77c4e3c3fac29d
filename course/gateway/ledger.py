"""The ledger: which session owns what, on disk, so that a gateway that was killed knows it again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from course.gateway.policy.limits import FORMER_NAMES

SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (
    sid TEXT PRIMARY KEY, name TEXT NOT NULL, policy TEXT NOT NULL, family TEXT NOT NULL,
    created REAL NOT NULL, ending INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS objects (
    sid TEXT NOT NULL REFERENCES sessions(sid) ON DELETE CASCADE,
    kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (sid, kind, key)
) STRICT, WITHOUT ROWID;
"""


@dataclass(frozen=True)
class SessionRow:
    """A session as the ledger keeps it.

    Args:
        sid: the session's id, 12 lowercase hexadecimal digits, the first a letter.
        name: what people call it; unique among the open sessions of this gateway.
        policy: "own", "class", "grading" or "trusted".
        family: the sid of the first session of the same learner; machines carry it too.
        created: seconds since the epoch.
        ending: whether its removal has begun.
    """

    sid: str
    name: str
    policy: str
    family: str
    created: float
    ending: bool = False


@dataclass(frozen=True)
class Entry:
    """One thing that a session owns: a kind, an engine key (id, name or reference) and what belongs to it."""

    kind: str
    key: str
    value: str


class Ledger:
    """The file of sessions and of what they own. Each write is its own transaction.

    Write-ahead logging with `synchronous=NORMAL` keeps every committed row through the death of the process; a power
    failure may lose the last rows, which the engine's labels and tags then give back (`course.gateway.adopt`).

    Args:
        path: the sqlite3 file; its folder exists.
    """

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, timeout=10.0, check_same_thread=False)
        path.chmod(0o600)
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            self._db.execute(f"PRAGMA {pragma}").fetchall()
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file; further calls fail."""
        self._db.close()

    def sessions(self) -> list[SessionRow]:
        """All sessions, the oldest first."""
        rows = self._db.execute("SELECT sid, name, policy, family, created, ending FROM sessions ORDER BY created")
        return [
            SessionRow(sid, name, FORMER_NAMES.get(policy, policy), family, created, bool(ending))
            for sid, name, policy, family, created, ending in rows
        ]

    def add_session(self, row: SessionRow) -> None:
        """Record a session before anything is made for it."""
        self._db.execute(
            "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?)",
            (row.sid, row.name, row.policy, row.family, row.created, int(row.ending)),
        )

    def mark_ending(self, sid: str) -> None:
        """Record that the removal of a session has begun; it is never adopted again."""
        self._db.execute("UPDATE sessions SET ending = 1 WHERE sid = ?", (sid,))

    def drop_session(self, sid: str) -> None:
        """Forget a session and all that it owned, once nothing of it is left on the engine."""
        self._db.execute("DELETE FROM sessions WHERE sid = ?", (sid,))

    def entries(self, sid: str) -> Iterator[Entry]:
        """What a session owns, in the order of kind and key."""
        for row in self._db.execute("SELECT kind, key, value FROM objects WHERE sid = ? ORDER BY kind, key", (sid,)):
            yield Entry(*row)

    def put(self, sid: str, kind: str, key: str, value: str = "") -> None:
        """Record an object, or change what belongs to it."""
        self._db.execute("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)", (sid, kind, key, value))

    def drop(self, sid: str, kind: str, key: str) -> None:
        """Forget an object; one that is not there is no error."""
        self._db.execute("DELETE FROM objects WHERE sid = ? AND kind = ? AND key = ?", (sid, kind, key))

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make the writes inside the block one transaction."""
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
