"""What a parser returns: one `Command` for each instruction."""

from __future__ import annotations

from dataclasses import dataclass


class ParseError(ValueError):
    """The text is no Dockerfile; the message is BuildKit's."""


@dataclass(frozen=True)
class Heredoc:
    """A here-document: its name, the number before `<<` (0 without one), and its lines."""

    name: str
    file_descriptor: int
    content: str


@dataclass(frozen=True)
class Command:
    """One instruction.

    Args:
        cmd: its keyword as written.
        sub_cmd: for ONBUILD, the keyword of the trigger.
        json: whether its arguments are a JSON list.
        original: the instruction, continuation lines joined, with its here-documents.
        start_line: where it begins, from 1.
        end_line: its last line.
        flags: those before its arguments, such as `--from=build`.
        value: its arguments; for ONBUILD those of the trigger.
        heredocs: its here-documents.
    """

    cmd: str
    sub_cmd: str | None
    json: bool
    original: str
    start_line: int
    end_line: int
    flags: tuple[str, ...]
    value: tuple[str, ...]
    heredocs: tuple[Heredoc, ...]
