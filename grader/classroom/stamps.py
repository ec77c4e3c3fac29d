"""nbgrader's time stamps: in the names of hand-ins, and in timestamp.txt beside them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

TIMESTAMP, SECRET = "timestamp.txt", "submission_secret.txt"
_TIME = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2}) (?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})(?P<part>\.[0-9]{1,6})?"
    r" (?P<zone>[A-Z]{2,5}|[+-][0-9]{4})"
)


def stamp(when: datetime) -> str:
    """A moment in UTC as nbgrader writes it into timestamp.txt."""
    return f"{when:%Y-%m-%d %H:%M:%S.%f} UTC"


def read_stamp(text: str, zone: str = "UTC") -> datetime | None:
    """A time stamp of nbgrader in UTC, without a zone; None for anything else.

    Args:
        text: as `2026-12-24 18:00:00.123456 UTC`, or with an offset, or with the abbreviation of `zone` at that time.
        zone: an IANA name.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    try:
        # strptime, as fromisoformat takes 24:00 from Python 3.14 on
        local = datetime.strptime(f"{found['day']} {found['time']}{found['part'] or '.0'}", "%Y-%m-%d %H:%M:%S.%f")
        offset = _offset(local, found["zone"], zone)
        return None if offset is None or not 2000 <= local.year < 2200 else local - offset
    except (ValueError, OverflowError, OSError):
        return None


def _offset(local: datetime, written: str, zone: str) -> timedelta | None:
    if written in ("UTC", "GMT"):
        return timedelta(0)
    if written[0] in "+-":
        hours, minutes = int(written[1:3]), int(written[3:])
        return timezone((1 if written[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes)).utcoffset(None)
    places = [local.replace(tzinfo=UTC if zone == "UTC" else ZoneInfo(zone), fold=fold) for fold in (0, 1)]
    return next((place.utcoffset() for place in places if place.tzname() == written), None)
