"""Variables in FROM: $NAME, ${NAME}, ${NAME:-word}, ${NAME:+word}, quotes and the escape character.

The rules of BuildKit's shell lexer (frontend/dockerfile/shell). Other forms are refused; since the engine is given the
image id that the result stands for, a difference in reading could only make a build fail.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from course.gateway.policy.refusal import Refusal
from course.gateway.streams.instruction import Instruction

LONGEST = 4096
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#]", re.ASCII)
_BRACED = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?::([-+])([^{}]*))?\}", re.ASCII)


def expand(word: str, values: Mapping[str, str], escape: str, instruction: Instruction) -> str:
    """The word with its variables replaced and its quotes removed; an unknown variable is empty.

    Args:
        word: one word of the instruction.
        values: the variables.
        escape: the escape character of the file.
        instruction: for the message of a refusal.

    Raises:
        Refusal: 400 for a form that is not known here.
    """
    result: list[str] = []
    quote = ""
    at = 0
    while at < len(word):
        if len(result) > LONGEST or (result and len(result[-1]) > 1 and sum(map(len, result)) > LONGEST):
            raise _too_long(instruction)  # each ARG may double the one before it
        letter = word[at]
        at += 1
        if quote == "'":
            if letter == quote:
                quote = ""
            else:
                result.append(letter)
        elif letter in "'\"" and quote in ("", letter):
            quote = "" if quote else letter
        elif letter == escape and at < len(word):
            result.append(word[at])
            at += 1
        elif letter != "$":
            result.append(letter)
        elif found := _BRACED.match(word, at):
            result.append(_value(found, values, escape, instruction))
            at = found.end()
        elif found := _NAME.match(word, at):
            result.append(values.get(found[0], ""))
            at = found.end()
        else:
            raise instruction.refusal("a variable in a form that is not known", "Write $NAME or ${NAME}.", status=400)
    if quote:
        raise instruction.refusal("a quote that is not closed", status=400)
    text = "".join(result)
    if len(text) > LONGEST:
        raise _too_long(instruction)
    return text


def _too_long(instruction: Instruction) -> Refusal:
    return instruction.refusal(f"a value of more than {LONGEST} characters", status=400)


def _value(found: re.Match[str], values: Mapping[str, str], escape: str, instruction: Instruction) -> str:
    value = values.get(found[1], "")
    if (found[2] == "-" and not value) or (found[2] == "+" and value):
        return expand(found[3], values, escape, instruction)
    return "" if found[2] == "+" else value
