"""A learner's folder is read without following, opening or running anything that is in it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from grader.examine import folder as reading
from grader.examine.job import read_folder


def test_files_are_read_by_their_path(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/Dockerfile").write_bytes(b"FROM course/busybox\n")
    (tmp_path / "a b ü.txt").write_bytes(b"\0\xff")
    assert read_folder(tmp_path) == ({"a b ü.txt": b"\0\xff", "shop/Dockerfile": b"FROM course/busybox\n"}, ())


def test_a_folder_that_is_not_there_has_no_files(tmp_path: Path) -> None:
    assert read_folder(tmp_path / "none") == ({}, ())


def test_links_pipes_and_sockets_are_named_and_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "canary").write_text("canary")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "to-file").symlink_to(secret / "canary")
    (mine / "to-folder").symlink_to(secret)
    os.mkfifo(mine / "pipe")
    (mine / "true.txt").write_text("mine")
    monkeypatch.chdir(mine)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        files, skipped = read_folder(mine)
    assert files == {"true.txt": b"mine"}
    assert skipped == ("pipe: a pipe", "socket: a socket", "to-file: a link", "to-folder: a link")


def test_what_is_too_much_is_left_out_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_FILE_BYTES", 10)
    monkeypatch.setattr(reading, "MOST_BYTES", 12)
    monkeypatch.setattr(reading, "MOST_FILES", 3)
    (tmp_path / "a").write_bytes(b"x" * 11)
    (tmp_path / "b").write_bytes(b"x" * 10)
    (tmp_path / "c").write_bytes(b"x" * 3)
    files, skipped = read_folder(tmp_path)
    assert list(files) == ["b"]
    assert skipped == (
        "a: larger than the 10 bytes that are left for it",
        "c: larger than the 2 bytes that are left for it",
    )
    for number in range(5):
        (tmp_path / f"d{number}").touch()
    files, skipped = read_folder(tmp_path)
    assert ".: more than 3 names in one folder" in skipped and len(files) <= 3


def test_a_sparse_file_and_a_deep_folder_end_the_reading_of_themselves_only(tmp_path: Path) -> None:
    with (tmp_path / "huge").open("wb") as huge:
        huge.truncate(1 << 40)
    deep = tmp_path.joinpath(*["d"] * 40)
    deep.mkdir(parents=True)
    (tmp_path / "small").write_text("here")
    files, skipped = read_folder(tmp_path)
    assert files == {"small": b"here"}
    assert any("folders deep" in line for line in skipped) and any(line.startswith("huge: larger") for line in skipped)


def test_a_name_that_is_no_text_is_shown_escaped(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\x1b[31m")).touch()
    files, (line,) = read_folder(tmp_path)
    assert files == {} and line.isascii() and line.isprintable() and "no printable text" in line
