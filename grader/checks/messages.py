"""The messages of the checks, in messages.toml so that they can be translated without touching code."""

from __future__ import annotations

import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources
from string import Formatter
from typing import Any

LONGEST_FACT = 400  # characters of one inserted fact; a log line may be as long as its writer likes
_KEPT = {"\n", "\t"}


@dataclass(frozen=True)
class Message:
    """Three sentences for a reader: what was expected, what was observed, what to try next."""

    id: str
    expected: str
    observed: str
    try_next: str


def message(message_id: str, **facts: object) -> Message:
    """Fill in the message with this id.

    Facts are inserted as plain text: escaped, cut to `LONGEST_FACT` characters, and braces in them mean nothing.

    Raises:
        KeyError: no such id, or a fact that the template names is absent. Both are mistakes of a check's author.
    """
    entry = _table()["message"][message_id]
    return Message(
        message_id,
        fill(entry["expected"], facts),
        fill(entry["observed"], facts),
        fill(entry["try_next"], facts),
    )


def title(check_id: str, **facts: object) -> str:
    """The question of a check in words, such as `the image app exists`."""
    return fill(_table()["title"][check_id], facts)


def after(first: str, observed: str) -> str:
    """What is said of a check that waits for another one: the question of that one, and its answer."""
    return fill(_table()["word"]["after"], {"title": first, "observed": observed})


def message_ids() -> frozenset[str]:
    """Every message id that a check may answer with."""
    return frozenset(_table()["message"])


def check_ids() -> frozenset[str]:
    """Every check id that has a title."""
    return frozenset(_table()["title"])


def plain(text: object, longest: int = LONGEST_FACT) -> str:
    """Make text from outside (a name, a log, a page) safe to print: no control characters, a bounded length.

    Terminal escapes, direction marks and other invisible characters are shown as `\\x1b` and the like.
    The middle is cut, because a log says most at its start and at its end.
    """
    raw = str(text)
    if len(raw) > 4 * longest:  # do not walk through a megabyte to keep a line
        raw = raw[: 2 * longest] + raw[-2 * longest :]
    shown = "".join(_visible(char) for char in raw)
    if len(shown) <= longest:
        return shown
    half = (longest - 3) // 2
    return f"{shown[:half]} … {shown[-half:]}"


def fill(template: str, facts: dict[str, Any]) -> str:
    """Insert facts into a template, once: a fact that looks like a template stays as it is."""
    parts: list[str] = []
    for literal, field, _spec, _conversion in Formatter().parse(template):
        parts.append(literal)
        if field is not None:
            parts.append(plain(facts[field]))
    return "".join(parts)


def exit_meaning(code: int | None, *, out_of_memory: bool = False) -> str:
    """What an exit code says, in words; for codes above 128 the signal is meant."""
    table = _table()["exit"]
    if out_of_memory:
        return str(table["memory"])
    return str(table.get(str(code), table["other"]))


def _visible(char: str) -> str:
    if char in _KEPT or unicodedata.category(char)[0] != "C":
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


@cache
def _table() -> dict[str, dict[str, Any]]:
    return tomllib.loads(resources.files(__package__).joinpath("messages.toml").read_text("utf-8"))
