"""A journal that the learner flooded is no evidence where marks count: what is gone from it is "not known"."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from course.gateway.journal_file import Entry, Journal
from grader import checks
from grader.checks.bench import Bench
from grader.checks.check import Check
from grader.checks.result import Outcome
from grader.checks.trial import Trial

SID = "a0123456789b"
STOP = Entry(1.0, SID, "POST", "container.stop", {"id": "web"}, status=204)


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    """The journal of a session that an examiner looks at."""
    monkeypatch.setenv("SLIPWAY_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("SLIPWAY_EXAMINER", "1")
    made = Journal(tmp_path / "gateway" / "here" / "journal", SID, size=20_000)
    made.note("session.open", "the session was opened")
    yield made
    made.close()


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    """A trial on that session. Nobody listens at its socket: evidence asks nobody."""
    client = docker.DockerClient(base_url=f"unix://{tmp_path}/{SID}.sock", version="1.41")
    with Trial(Bench(machines={"": client})) as one:
        yield one
    client.close()


def answered(check: Check, trial: Trial) -> tuple[Outcome, str]:
    trial.memo.clear()
    result = check.run(trial)
    return result.outcome, result.message


def flood(notes: Journal) -> None:
    for number in range(300):
        notes.write(Entry(2.0 + number, SID, "GET", "container.list"))


def test_a_whole_journal_shows_what_was_done_and_what_was_not(notes: Journal, trial: Trial) -> None:
    stopped, lacks = checks.journal().shows("stop", "web"), checks.journal().lacks("stop", "web")
    assert answered(stopped, trial) == (Outcome.NOT_ATTEMPTED, "journal.not_done")
    assert answered(lacks, trial)[0] is Outcome.PASSED
    notes.write(STOP)
    assert answered(stopped, trial)[0] is Outcome.PASSED
    assert answered(lacks, trial) == (Outcome.FAILED, "journal.done")


def test_a_flood_that_hides_a_deed_hides_it_from_nobody(notes: Journal, trial: Trial) -> None:
    notes.write(STOP)
    flood(notes)
    assert answered(checks.journal().lacks("stop", "web"), trial) == (Outcome.FAILED, "journal.not_known")
    assert answered(checks.journal().shows("stop", "web"), trial) == (Outcome.FAILED, "journal.not_known")
    notes.write(STOP)
    assert answered(checks.journal().shows("stop", "web"), trial)[0] is Outcome.PASSED, "what is there is there"


def test_what_a_full_disk_kept_out_is_not_known_either(notes: Journal, trial: Trial) -> None:
    file, notes._file = notes._file, open("/dev/full", "ab", buffering=0)  # noqa: PTH123, SIM115
    notes.write(STOP)
    notes._file.close()
    notes._file = file
    notes.write(Entry(3.0, SID, "GET", "container.list"))
    assert answered(checks.journal().lacks("stop", "web"), trial) == (Outcome.FAILED, "journal.not_known")


def test_in_self_study_a_flood_costs_nothing(notes: Journal, trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLIPWAY_EXAMINER")
    flood(notes)
    assert answered(checks.journal().shows("stop", "web"), trial) == (Outcome.NOT_ATTEMPTED, "journal.not_done")
