"""A session as the gateway has it, without a gateway: a ledger with one row, for what is tried on the scope itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from course.gateway.ledger import Ledger, SessionRow
from course.gateway.policy.names import BASE_NAMES
from course.gateway.scope import Bases, Scope


@contextmanager
def open_scope(
    folder: Path, sid: str, policy: str = "class", bases: Mapping[str, str] | None = None
) -> Iterator[Scope]:
    """A scope with a ledger of its own in a folder, which is closed at the end.

    Args:
        folder: where the ledger is written.
        sid: the session's id, 12 hexadecimal digits.
        policy: the name of its policy.
        bases: image id by name of base image; by default ids of one digit, in the order of `BASE_NAMES`.
    """
    with closing(Ledger(folder / f"{sid}.sqlite3")) as ledger:
        row = SessionRow(sid, sid, policy, sid, 0.0)
        ledger.add_session(row)
        known = Bases()
        known.replace(
            bases or {f"{name}:latest": "sha256:" + f"{number}" * 64 for number, name in enumerate(BASE_NAMES)}
        )
        yield Scope(row, ledger, known, {}, "0-test")
