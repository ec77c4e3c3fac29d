"""Sessions: a private, limited, self-cleaning view of the engine behind a plain Engine API socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from course.lazily import lazily

if TYPE_CHECKING:
    from course.gateway.client import Client as Client
    from course.gateway.client import Session as Session
    from course.gateway.journal_file import Entry as Entry
    from course.gateway.lease import Lease as Lease
    from course.gateway.lease import attach as attach
    from course.gateway.lease import machine as machine

_HOMES = {
    "Client": "client",
    "Entry": "journal_file",
    "Session": "client",
    "Lease": "lease",
    "attach": "lease",
    "machine": "lease",
}
__all__ = ["Client", "Entry", "Lease", "Session", "attach", "journal", "machine", "session"]


@contextmanager
def session(policy: str = "", name: str | None = None) -> Iterator[Session]:
    """Open a session for the block, and remove all that it made at the end.

    Args:
        policy: "own", "class", "grading" or "trusted"; "" for the gateway's own choice.
        name: unique among the open sessions of this user and engine; None for a name that nobody has.

    Raises:
        GatewayError: the gateway does not start, or refuses.
        EngineError: there is no engine.
    """
    import secrets

    from course.gateway.client import Client
    from course.gateway.lease import Lease
    from course.paths import workspace

    named = name or f"{policy or 'session'}-{secrets.token_hex(3)}"
    lease = Lease(Client(), {"name": named, "policy": policy, "workspace": str(workspace())})
    try:
        yield lease.session
    finally:
        lease.end()


def journal(session: Session | str) -> tuple[Entry, ...]:
    """What was asked in a session, call by call, the oldest first; also of one that has ended.

    Args:
        session: the session, or its id or name.

    Raises:
        NoSession: nothing is known of it.
    """
    from course.gateway.sentences import entries

    return entries(session if isinstance(session, str) else session.id)


__getattr__ = lazily(__name__, _HOMES)
