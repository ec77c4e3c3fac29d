"""A due date is one moment, whatever clock the server goes by, or it is refused in words."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime

import pytest
from made_class import MadeClass

from grader.classroom.errors import BadMoment
from grader.classroom.moments import later, read_moment, said

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-12-24 18:00", "2026-12-24 18:00"),
        ("2026-12-24T18:00", "2026-12-24 18:00"),
        ("2026-12-24 18:00:30", "2026-12-24 18:00:30"),
        ("2026-12-24 18:00Z", "2026-12-24 18:00"),
        ("2026-12-24 18:00 UTC", "2026-12-24 18:00"),
        ("2026-12-24 18:00+02:00", "2026-12-24 16:00"),
        ("2026-12-24 18:00 +02:00", "2026-12-24 16:00"),
        ("2026-12-24 18:00 +0200", "2026-12-24 16:00"),
        ("2026-12-24 18:00 +02", "2026-12-24 16:00"),
        ("2026-12-24 18:00 -05:30", "2026-12-24 23:30"),
        ("2026-12-24 18:00 +14:00", "2026-12-24 04:00"),
        ("2026-12-24 6:00 PM", "2026-12-24 18:00"),
        ("2026-12-24 12:00 AM", "2026-12-24 00:00"),
        ("2026-12-24 12:30 p.m.", "2026-12-24 12:30"),
        ("2026-12-24 6:00 PM Europe/Berlin", "2026-12-24 17:00"),
        ("2026-07-24 18:00 Europe/Berlin", "2026-07-24 16:00"),
        ("2026-07-24 18:00 Asia/Kathmandu", "2026-07-24 12:15"),
        ("2028-02-29 23:59 America/New_York", "2028-03-01 04:59"),
        ("2026-03-29 01:59 Europe/Berlin", "2026-03-29 00:59"),
        ("2026-03-29 03:00 Europe/Berlin", "2026-03-29 01:00"),
        ("2026-10-25 02:30 +01:00", "2026-10-25 01:30"),
        ("2026-12-31 23:59 America/New_York", "2027-01-01 04:59"),
    ],
)
def test_a_moment_is_read(text: str, utc: str) -> None:
    assert read_moment(text) == datetime.fromisoformat(utc)


@pytest.mark.parametrize(
    ("text", "said_of_it"),
    [
        ("tomorrow", "a date and a time"),
        ("2026-12-24", "a date and a time"),
        ("12/24/2026 18:00", "a date and a time"),
        ("11.12.2026 18:00", "a date and a time"),
        ("24 December 2026 18:00", "a date and a time"),
        ("2026-12-24 18", "a date and a time"),
        ("２０26-12-24 18:00", "a date and a time"),
        ("2026-12-24 18:00 PDT", "Europe/Berlin"),
        ("2026-12-24 18:00 CET", "Europe/Berlin"),
        ("2026-12-24 18:00 EST", "Europe/Berlin"),
        ("2026-12-24 18:00 europe/berlin and more", "a date and a time"),
        ("2026-12-24 18:00 Europe/Nowhere", "Europe/Nowhere"),
        ("2026-12-24 18:00 ../etc/passwd", "passwd"),
        ("2026-12-24 18:00 Europe", "Europe"),
        ("2026-12-24 18:00 America/", "America/"),
        ("2026-12-24 18:00 +15:00", "+15:00"),
        ("2026-12-24 18:00 +02:75", "+02:75"),
        ("2026-02-30 18:00", "exist"),
        ("2027-02-29 18:00", "exist"),
        ("2026-12-24 24:00", "exist"),
        ("2026-12-24 18:60", "exist"),
        ("2026-12-24 13:00 PM", "from 1 to 12"),
        ("2026-12-24 0:30 AM", "from 1 to 12"),
        ("2026-12-24 6:00", "two digits"),
        ("0026-12-24 18:00", "a year from 2000"),
        ("2026-03-29 02:30 Europe/Berlin", "put forward"),
        ("2026-10-25 02:30 Europe/Berlin", "+0200 or +0100"),
        ("2026-12-24 18:00\x1b[2J", "\\x1b"),
    ],
)
def test_what_is_not_one_moment_is_refused(text: str, said_of_it: str) -> None:
    with pytest.raises(BadMoment) as caught:
        read_moment(text)
    assert said_of_it in str(caught.value) and "\x1b" not in str(caught.value)


def test_a_time_without_a_zone_is_the_class_s() -> None:
    assert read_moment("2026-12-24 18:00", NEW_YORK) == datetime(2026, 12, 24, 23, 0)  # as nbgrader keeps it
    with pytest.raises(BadMoment, match="put back"):
        read_moment("2026-11-01 01:30", NEW_YORK)


def test_a_moment_is_said_by_both_clocks() -> None:
    assert said(read_moment("2026-12-24 18:00")) == "2026-12-24 18:00 UTC"
    assert said(read_moment("2026-12-24 18:00", BERLIN), BERLIN) == "2026-12-24 18:00 CET (Europe/Berlin), 17:00 UTC"
    assert said(read_moment("2026-12-24 22:00", NEW_YORK), NEW_YORK).endswith(
        "EST (America/New_York), 2026-12-25 03:00 UTC"
    )


def test_a_day_more_is_the_same_hour_by_the_clocks_of_the_class() -> None:
    due = read_moment("2026-03-28 18:00", BERLIN)
    assert said(later(due, 1, BERLIN), BERLIN) == "2026-03-29 18:00 CEST (Europe/Berlin), 16:00 UTC"
    assert later(due, 1) - due == later(read_moment("2026-06-01 18:00", BERLIN), 1, BERLIN) - read_moment(
        "2026-06-01 16:00"
    )


def test_the_server_s_clock_decides_nothing() -> None:
    asked = """
from grader.classroom.moments import read_moment
print(read_moment("2026-07-24 18:00"), read_moment("2026-07-24 18:00", "Europe/Berlin"))"""
    for zone in ("UTC", "Asia/Tokyo", "America/Los_Angeles"):
        done = subprocess.run(
            [sys.executable, "-c", asked], env={"TZ": zone}, capture_output=True, text=True, check=True
        )
        assert done.stdout == "2026-07-24 18:00:00 2026-07-24 16:00:00\n"


def test_the_commands_say_which_moment_they_took(made_once: MadeClass, tmp_path: object) -> None:
    made = made_once.copy(tmp_path, 'c.ClassClock.zone = "Europe/Berlin"\n')  # type: ignore[arg-type]
    both = "2026-12-24 18:00 CET (Europe/Berlin), 17:00 UTC"
    assert both in made.grader("release", "T01", "--due", "2026-12-24 18:00").stdout
    assert both in made.grader("release", "T01", "--due", "2026-12-24 17:00 UTC", "--dry-run").stdout
    assert "2026-12-26 18:00 CET" in made.grader("extend", "ada", "T01", "--days", "2").stdout
    assert both in made.grader("grade", "T01", "--dry-run").stdout
    with pytest.raises(BadMoment):
        made.grader("release", "T01", "--due", "tomorrow")
