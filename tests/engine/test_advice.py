"""What to try after a build or a call that failed: chosen by the message, and by the script that was to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from course.engine.advice import next_step
from course.engine.build_stream import LastLines
from course.engine.call_advice import step_after

ENDED = "The command '/bin/sh -c …' returned a non-zero code: {}"
CR = b"#!/bin/sh\r\necho started\r\n"


@pytest.mark.parametrize(
    ("instruction", "name", "content", "code", "words"),
    [
        ("RUN /start.sh", "start.sh", CR, 127, "line endings of start.sh"),
        ('RUN ["/start.sh"]', "start.sh", CR, 1, "line endings of start.sh"),
        ("RUN ./start", "start", CR, 127, "line endings of start"),
        ("RUN . /app.env && make", "app.env", b"A=1\r\nB=2\r\n", 1, "line endings of app.env"),
        ("RUN chmod +x a.py && /a.py", "a.py", b"#!/usr/bin/env python3\r\n", 127, "line endings of a.py"),
        ("RUN /start.sh", "start.sh", b"#!/bin/bash\n", 127, "the interpreter /bin/bash"),
        ("RUN /start.sh", "start.sh", b"#!/usr/bin/env -S bash -e\n", 127, "the interpreter bash"),
        ("RUN /start.sh", "start.sh", b"\xef\xbb\xbf#!/bin/sh\n", 127, "byte order mark"),
        ('RUN ["/start.sh"]', "start.sh", b"echo hi\n", 1, "first line be #!/bin/sh"),
        ('RUN ["/start.sh"]', "start.sh", b"", 1, "first line be #!/bin/sh"),
        ("RUN /start.sh", "start.sh", b"#!/bin/sh\n", 126, "its mode lacks x"),
        ("RUN python a.py", "a.py", b"print(1)\r\n1/0\r\n", 1, "the command itself failed"),
        ("RUN nothing", "start.sh", CR, 127, "not in the image"),
    ],
)  # fmt: skip
def test_a_script_that_does_not_run_is_looked_at(
    tmp_path: Path, instruction: str, name: str, content: bytes, code: int, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert words in next_step(ENDED.format(code), "the folder shop", tmp_path, instruction)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("dockerfile parse error line 1: unknown instruction: FORM", "did you mean FROM?"),
        ("dockerfile parse error line 2: unknown instruction: qqq", "one word such as"),
        ("COPY failed: forbidden path outside the build context: ../x ()", "the folder shop: put the file there"),
        ("COPY failed: stat x: file does not exist", "the folder shop: check its name"),
        ("the Dockerfile (Dockerfile) cannot be empty", "at least one instruction"),
        ('No such image: no-such/base (Get "https://registry.example": dial tcp: no such host)', "course/busybox"),
        ('Get "https://registry.example/v2/": dial tcp: lookup registry.example: no such host', "images.list()"),
    ],
)
def test_a_build_that_was_refused(message: str, words: str) -> None:
    assert words in next_step(message, "the folder shop")


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("You cannot remove a running container 60b3. Stop the container before", ".remove(force=True)"),
        ("Container 1a8c is not running", ".start()"),
        ("remove vv: volume is in use - [cd33]", "remove the containers"),
        ("Invalid container name (my web): only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", "web-1"),
        ('OCI runtime create failed: exec: "x": executable file not found in $PATH', ""),
        ("something else", ""),
    ],
)
def test_a_call_that_was_refused(message: str, words: str) -> None:
    step = step_after(message)
    assert words in step and bool(words) == bool(step)


def test_a_line_of_output_that_comes_in_pieces_is_one_line() -> None:
    lines = LastLines(3)
    for piece in (
        "\x1b[91mone\n",
        "\x1b[0m",
        "/bin/sh: ",
        "\x1b[0m\x1b[91m/start.sh: not found\n\x1b[0m",
        "\n",
        "open",
    ):
        lines.add(piece)
    assert str(lines) == "one\n/bin/sh: /start.sh: not found\nopen"
    for number in range(9):
        lines.add(f"{number}\n")
    assert str(lines) == "6\n7\n8"
    lines.clear()
    assert str(lines) == ""
