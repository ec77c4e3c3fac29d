"""Due dates as people write them: one moment, or a refusal; and a moment as a person reads it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from grader.classroom.errors import BadMoment
from grader.classroom.shown import shown

FIRST_YEAR, LAST_YEAR = 2000, 2199
_WRITTEN = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})(?:T| +)"
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?"
    r"(?: *(?P<half>[AaPp])\.?[Mm]\.?(?![A-Za-z]))?"
    r"(?: *(?P<zone>\S+))?"
)
_OFFSET = re.compile(r"(?P<sign>[+-])(?P<hours>[0-9]{2})(?::?(?P<minutes>[0-9]{2}))?")
_TRY = "write 2026-12-24 18:00, followed by +01:00, by UTC or by a zone such as Europe/Berlin"


def read_moment(text: str, zone: str = "UTC") -> datetime:
    """Read a moment.

    Args:
        text: a date in ISO order, a time of 24 hours or with AM or PM, and if wanted an offset or an IANA zone.
        zone: the class's zone, for a text without one.

    Returns:
        The moment in UTC, without a zone, as nbgrader keeps it.

    Raises:
        BadMoment: it is no such text, or its clock shows that time twice or not at all, or its zone is an
            abbreviation: CST is used in China, Cuba and Chicago.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise _bad("a date and a time in one order only", text, _TRY)
    try:
        written = f"{found['day']} {_hour(found):02}:{found['minute']}:{found['second'] or '00'}"
        local = datetime.strptime(written, "%Y-%m-%d %H:%M:%S")  # fromisoformat takes 24:00 from Python 3.14 on
    except ValueError as error:
        raise _bad("a day and an hour that exist", f"{text} ({error})", _TRY) from None
    if not FIRST_YEAR <= local.year <= LAST_YEAR:
        raise _bad(f"a year from {FIRST_YEAR} to {LAST_YEAR}", text, _TRY)
    return _in_utc(local, find_zone(found["zone"] or zone), text)


def find_zone(name: str) -> tzinfo:
    """A zone by its IANA name, UTC, or an offset such as +02:00.

    Raises:
        BadMoment: there is none of that name, or it is an abbreviation.
    """
    if name in ("UTC", "Z", "z", "GMT", "Etc/UTC"):
        return UTC
    if offset := _OFFSET.fullmatch(name):
        length = timedelta(hours=int(offset["hours"]), minutes=int(offset["minutes"] or 0))
        if length <= timedelta(hours=14) and int(offset["minutes"] or 0) < 60:
            return timezone(length if offset["sign"] == "+" else -length)
    elif "/" in name:
        try:
            return ZoneInfo(name)
        except (ValueError, OSError, LookupError):
            pass
    raise _bad("an offset such as +02:00, UTC, or the name of a zone such as Europe/Berlin", name, _TRY)


def said(moment: datetime, zone: str = "UTC") -> str:
    """A moment, in the class's zone and in UTC: `2026-12-24 19:00 CET (Europe/Berlin), 18:00 UTC`.

    Args:
        moment: in UTC, without a zone.
        zone: the class's.
    """
    here = find_zone(zone)
    if here is UTC:
        return f"{moment:%Y-%m-%d %H:%M} UTC"
    local = moment.replace(tzinfo=UTC).astimezone(here)
    day = "" if local.date() == moment.date() else f"{moment:%Y-%m-%d} "
    return f"{local:%Y-%m-%d %H:%M} {local.tzname()} ({zone}), {day}{moment:%H:%M} UTC"


def later(moment: datetime, days: float, zone: str = "UTC") -> datetime:
    """So many days later by the clocks of the class's zone: at the same hour, also where they are put forward.

    Args:
        moment: in UTC, without a zone.
        days: of 24 hours by those clocks.
        zone: the class's.
    """
    here = find_zone(zone)
    local = moment.replace(tzinfo=UTC).astimezone(here)
    return (local + timedelta(days=days)).astimezone(UTC).replace(tzinfo=None)


def _hour(found: re.Match[str]) -> int:
    hour, half = int(found["hour"]), (found["half"] or "").lower()
    if half and not 1 <= hour <= 12:
        raise ValueError("with AM or PM an hour is from 1 to 12")
    if not half and len(found["hour"]) == 1:
        raise ValueError("an hour without AM or PM has two digits")
    return hour % 12 + 12 * (half == "p") if half else hour


def _in_utc(local: datetime, zone: tzinfo, text: str) -> datetime:
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first.astimezone(zone).replace(tzinfo=None) != local:
        raise _bad(
            "a time that its clocks show", f"{text}: they are put forward over it", "give a time before or after"
        )
    if first != second:
        offsets = " or ".join(f"{one.astimezone(zone):%z}" for one in (first, second))
        raise _bad("a time that its clocks show once", f"{text}: they are put back over it", f"give {offsets} with it")
    return first.replace(tzinfo=None)


def _bad(expected: str, observed: str, try_next: str) -> BadMoment:
    return BadMoment(expected, shown(observed), try_next)
