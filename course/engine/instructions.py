"""The position of each instruction in a Dockerfile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Instruction:
    """One instruction: its keyword in capitals, its first line (from 1), and its text on one line."""

    keyword: str
    line: int
    text: str = ""


def instructions_of(text: str) -> tuple[Instruction, ...]:
    """The instructions in order, as BuildKit's parser finds them; none if it cannot."""
    from course import dockerfile

    try:
        commands = dockerfile.parse_string(text)
    except dockerfile.ParseError:
        return ()  # the engine refuses it too, and says where
    return tuple(
        Instruction(command.cmd.upper(), command.start_line, _one_line(command.original)) for command in commands
    )


def _one_line(text: str) -> str:
    """An instruction as the engine prints it: continued lines joined."""
    return " ".join(part.strip().removesuffix("\\").strip() for part in text.splitlines()).strip()


def instruction_at(instructions: Sequence[Instruction], step: int, text: str) -> int | None:
    """The line of a build's step.

    The classic builder counts every instruction from the first, so step 3 is the third one. Where the keywords differ
    (the engine adds a step for labels) nothing is said, because a wrong line is worse than none.

    Args:
        instructions: those of the file.
        step: the number that the engine prints, from 1.
        text: the instruction as the engine prints it.
    """
    if not 0 < step <= len(instructions):
        return None
    found = instructions[step - 1]
    return found.line if text.upper().startswith(found.keyword) else None
