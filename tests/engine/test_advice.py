"""What a failed build is told about a script of its context, by the script's first line and the exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from course.engine.advice import next_step


def advised(folder: Path, script: bytes, code: int, run: str = "RUN /start.sh") -> str:
    (folder / "start.sh").write_bytes(script)
    message = f"The command '/bin/sh -c /start.sh' returned a non-zero code: {code}"
    return next_step(message, "shop", folder, run)


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        (b"#!/bin/sh\r\necho hi\r\n", 127, "line endings of start.sh are those of Windows"),
        (b"\xef\xbb\xbf#!/bin/sh\r\necho hi\r\n", 127, "line endings of start.sh are those of Windows"),
        (b"set -e\r\necho hi\r\n", 2, "line endings of start.sh are those of Windows"),
        (b"\xef\xbb\xbf#!/bin/sh\necho hi\n", 127, "begins with a byte order mark"),
        (b"#!/bin/bash\necho hi\n", 127, "names the interpreter /bin/bash"),
        (b"#!/usr/bin/env bash\necho hi\n", 127, "names the interpreter bash"),
        (b"#!/usr/bin/env -S LANG=C python3 -u\n", 127, "names the interpreter python3"),
        (b"#!/bin/sh\necho hi\n", 126, "start.sh may not be executed: its mode lacks x"),
        (b"#!/bin/sh\r\necho hi\r\n", 126, "start.sh may not be executed: its mode lacks x"),
    ],
)
def test_the_script_is_named_with_what_is_wrong(tmp_path: Path, script: bytes, code: int, words: str) -> None:
    assert words in advised(tmp_path, script, code)


@pytest.mark.parametrize(
    ("script", "code", "run"),
    [
        (b"#!/bin/sh\necho hi\n", 127, "RUN /start.sh"),
        (b"#!/bin/bash\necho hi\n", 1, "RUN /start.sh"),
        (b"#!/bin/sh\r\necho hi\r\n", 127, "RUN other"),
    ],
)
def test_a_script_without_fault_is_left_alone(tmp_path: Path, script: bytes, code: int, run: str) -> None:
    assert "start.sh" not in advised(tmp_path, script, code, run)
