"""Which records of the engine's build cache are a session's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from course.gateway import build_records

BEGAN = 1_796_050_000.0
BUILDS = [build_records.window(BEGAN, BEGAN + 5), build_records.window(BEGAN + 100, BEGAN + 105)]


def record(name: str, made: float, used: float | None = None, **more: Any) -> dict[str, Any]:
    """A record as Engine 28.5 tells it; `made` and `used` are seconds after the first build began."""
    times = {"CreatedAt": made, "LastUsedAt": made if used is None else used}
    said = {
        key: datetime.fromtimestamp(BEGAN + at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f789Z") for key, at in times.items()
    }
    return {"ID": name, "Type": "regular", "Description": "", "InUse": False, "Shared": False, **said, **more}


def mount(name: str, namespace: str, made: float) -> dict[str, Any]:
    text = f'cached mount /c from exec /bin/sh -c true with id "{namespace}//c"'
    return record(name, made, Type="exec.cachemount", Description=text)


def test_a_session_s_records_are_those_of_its_builds_and_its_cache_mounts() -> None:
    rows = [
        record("made", 1, 2),
        record("later", 3, 104),
        record("before", -1, 2),
        record("used since", 1, 50),
        record("let go of", 2.5, 8),
        record("of an image", 1, 2, Shared=True),
        record("never used", 2, LastUsedAt=None),
        mount("own shelf", "ns", 50),
        mount("another's", "other", 1),
        {"ID": "odd"},
    ]
    assert build_records.left(rows, BUILDS, "ns") == ["own shelf", "later", "let go of", "never used", "made"]


def test_a_session_without_builds_has_none() -> None:
    assert build_records.left([record("one", 1)], [], "ns") == []
