"""The journal: one line a call, no secrets, bounded, and sentences that a person can read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from course.gateway import journal
from course.gateway.errors import NoSession
from course.gateway.journal_file import Entry, Journal, clean, forget_old, read
from course.gateway.sentences import sentence, sentences

SID = "abcdefabcdef"


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    notes = Journal(tmp_path, SID)
    entry = Entry(1.5, SID, "POST", "container.create", {"name": "web"}, duration=0.25, outcome={"id": "x"})
    notes.write(entry)
    assert list(read(tmp_path, SID)) == [entry]
    notes.close()


def test_the_files_stay_below_their_cap_and_the_newest_stay(tmp_path: Path) -> None:
    notes = Journal(tmp_path, SID, size=10_000)
    for number in range(1000):
        notes.write(Entry(float(number), SID, "GET", "container.list"))
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == [f"{SID}.1.jsonl", f"{SID}.jsonl"]
    assert all(path.stat().st_size <= 10_000 for path in files)
    times = [entry.time for entry in read(tmp_path, SID)]
    assert times == sorted(times)
    assert times[-1] == 999.0
    assert len(times) > 50
    notes.close()


def test_a_line_that_a_crash_cut_is_passed_over(tmp_path: Path) -> None:
    notes = Journal(tmp_path, SID)
    notes.write(Entry(1.0, SID, "GET", "container.list"))
    with (tmp_path / f"{SID}.jsonl").open("ab") as file:
        file.write(b'{"time": 2.0, "sess')
    notes.close()
    assert [entry.time for entry in read(tmp_path, SID)] == [1.0]


def test_secrets_and_long_values_are_not_kept(tmp_path: Path) -> None:
    notes = Journal(tmp_path, SID)
    asked = {
        "Env": ["PASSWORD=hunter2"],
        "buildargs": {"KEY": "hunter2"},
        "X-Registry-Auth": "hunter2",
        "deep": [{"registry_password": "hunter2"}],
        "name": "n" * 5000,
        "names": [str(number) for number in range(1000)],
    }
    notes.write(Entry(1.0, SID, "POST", "container.create", asked))
    text = (tmp_path / f"{SID}.jsonl").read_text()
    assert "hunter2" not in text
    assert len(text) < 2000
    notes.close()


def test_depth_is_bounded() -> None:
    value: object = "x"
    for _ in range(1000):
        value = {"a": value}
    assert len(str(clean(value))) < 200


def test_a_build_is_told_with_its_cache() -> None:
    entry = Entry(
        0.0,
        SID,
        "POST",
        "image.build",
        {"tags": ["shop:1"]},
        duration=1.23,
        outcome={"image": "sha256:1", "steps": 4, "cached": 2, "error": ""},
    )
    assert sentence(entry) == "built shop:1 in 1.2 s, 2 of 4 instructions from cache"


def test_a_container_is_told_by_its_name_though_it_was_asked_by_id() -> None:
    engine_id = "f" * 64
    calls = [
        Entry(0.0, SID, "POST", "container.create", {"name": "web", "image": "shop:1"}, outcome={"id": engine_id}),
        Entry(1.0, SID, "POST", "container.start", {"id": engine_id}, status=204),
        Entry(2.0, SID, "GET", "container.list"),
        Entry(3.0, SID, "POST", "container.create", {"name": "x"}, "refused", 403, message="Privileged: no"),
    ]
    told = [line.split("  ", 1)[1] for line in sentences(calls)]
    assert told == [
        "created container web from shop:1",
        "started container web",
        "refused: created container x from ?: Privileged: no",
    ]
    assert len(list(sentences(calls, everything=True))) == 4


def test_a_journal_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_STATE_DIR", str(tmp_path))
    with pytest.raises(NoSession):
        journal("nobody")


def test_a_session_named_like_the_id_of_another_does_not_stand_in_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_STATE_DIR", str(tmp_path))
    for sid, name in ((SID, "honest"), ("b" * 12, SID)):
        notes = Journal(tmp_path / "gateway" / "x" / "journal", sid)
        notes.note("session.open", "", name=name)
        notes.close()
    os.utime(tmp_path / "gateway/x/journal" / f"{SID}.jsonl", (1, 1))
    assert [entry.session for entry in journal(SID)] == [SID]


def test_the_oldest_journals_go(tmp_path: Path) -> None:
    for number in range(10):
        path = tmp_path / f"{number}.jsonl"
        path.touch()
        os.utime(path, (number, number))
    forget_old(tmp_path, keep=3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["7.jsonl", "8.jsonl", "9.jsonl"]
