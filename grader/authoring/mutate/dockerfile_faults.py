"""Faults in a Dockerfile: an instruction dropped or swapped, a wrong port, shell form for exec form, another base."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

OTHER_BASE = {
    "course/busybox": "course/python",
    "course/python": "course/node",
    "course/node": "course/python",
    "course/registry": "course/node",
}
"""For each base a bigger one, or for the biggest another one."""

Fault = tuple[str, str]
"""What was done, in words, and the faulty text."""


def dockerfile_faults(text: str) -> Iterator[Fault]:
    """Every faulty variant of a Dockerfile that differs from it in one place.

    Raises:
        ValueError: the text is not a Dockerfile.
    """
    instructions, lines = _parse(text), text.splitlines()
    for one in instructions:
        before, after = lines[: one.start_line - 1], lines[one.end_line :]
        if one.cmd.upper() != "FROM":
            yield f"without {_short(one.original)}", _joined(before, [], after)
        for words, changed in _changes(one):
            yield words, _joined(before, [changed], after)
    for first, second in pairwise(instructions):
        if "FROM" not in (first.cmd.upper(), second.cmd.upper()):
            yield _swapped(lines, first, second)


def is_dockerfile(text: str) -> bool:
    """Whether a text starts with FROM or ARG, after comments, and can be parsed."""
    code = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not code or code[0].split()[0] not in ("FROM", "ARG"):  # in capitals: Python has a from too
        return False
    try:
        return bool(_parse(text))
    except ValueError:
        return False


def _parse(text: str) -> list[Any]:
    from course import dockerfile

    try:
        return list(dockerfile.parse_string(text))
    except dockerfile.ParseError as error:
        raise ValueError(str(error)) from error


def _changes(one: Any) -> Iterator[Fault]:
    command = one.cmd.upper()
    if command == "FROM" and one.value[0].partition(":")[0] in OTHER_BASE:
        other = OTHER_BASE[one.value[0].partition(":")[0]]
        yield f"FROM {other}", " ".join([*("FROM", *one.flags, other), *one.value[1:]])
    if command == "EXPOSE":
        ports = [_next_port(port) for port in one.value]
        yield f"EXPOSE {' '.join(ports)}", f"EXPOSE {' '.join(ports)}"
    if command in ("CMD", "ENTRYPOINT") and one.json:
        shell = f"{command} {shlex.join(one.value)}"
        yield f"{command} in shell form", shell


def _next_port(port: str) -> str:
    number, sign, protocol = port.partition("/")
    return f"{int(number) + 1}{sign}{protocol}" if number.isdigit() else "1"


def _swapped(lines: list[str], first: Any, second: Any) -> Fault:
    one, other = lines[first.start_line - 1 : first.end_line], lines[second.start_line - 1 : second.end_line]
    between = lines[first.end_line : second.start_line - 1]
    text = _joined(lines[: first.start_line - 1], [*other, *between, *one], lines[second.end_line :])
    return f"{_short(second.original)} before {_short(first.original)}", text


def _joined(before: list[str], middle: list[str], after: list[str]) -> str:
    return "\n".join([*before, *middle, *after])


def _short(original: str) -> str:
    words = " ".join(original.split())
    return words if len(words) <= 40 else f"{words[:39]}…"
