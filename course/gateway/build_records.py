"""What a session's builds left in the engine's build cache, which is one for the engine and knows no sessions.

A record tells when it was made and last used, what made it, and whether an image has its content too. So a session's
records are its cache mounts, by their namespace, and what was made and last used while it built. What somebody else
built in the same seconds may be among them: then a later build of theirs runs a step again. What an image needs isn't
among them, and what a running build needs the engine doesn't remove.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from course.gateway.policy.names import EngineRequest

LISTING = EngineRequest("GET", ("system", "df"), {"type": "build-cache"})
RELEASED = 5.0  # seconds after a build's end in which BuildKit lets go of its records, which counts as a use
_MOUNT_ID = re.compile(r' with id "([^"/]*)/')


def window(began: float, ended: float) -> str:
    """A build in the ledger: when it was under way, seconds since 1970."""
    return f"{began:.3f} {ended + RELEASED:.3f}"


def left(rows: Iterable[Mapping[str, Any]], builds: Iterable[str], namespace: str) -> list[str]:
    """The ids of a session's records, each before those that it was made from.

    Args:
        rows: the engine's records.
        builds: the session's, as `window` writes them.
        namespace: of its cache mounts.
    """
    spans = [tuple(map(float, build.split())) for build in builds]

    def within(moment: float) -> bool:
        return any(began <= moment <= ended for began, ended in spans)

    found = []
    for row in rows:
        mount = _MOUNT_ID.search(str(row.get("Description", ""))) if row.get("Type") == "exec.cachemount" else None
        made = _seconds(row.get("CreatedAt"))
        ours = mount[1] == namespace if mount else within(made) and within(_seconds(row.get("LastUsedAt")) or made)
        if ours and not row.get("Shared"):
            found.append((made, str(row.get("ID", ""))))
    return [record for _, record in sorted(found, reverse=True)]


def removal(record: str) -> EngineRequest:
    """The call that removes a record, unless something needs it."""
    return EngineRequest("POST", ("build", "prune"), {"all": "1", "filters": json.dumps({"id": [record]})})


def _seconds(text: object) -> float:
    """Seconds since 1970 of the engine's time, 0 for none."""
    found = re.match(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?", str(text or ""))
    if not found:
        return 0.0
    return datetime.fromisoformat(f"{found[1]}+00:00").timestamp() + float(found[2] or 0)
