"""What a JSON field may hold: small readers from which the tables of bodies are made.

A reader takes a value as `wire` parsed it, and the field's path for the message. It returns the plain value that the
policy works on, or `DROPPED` for a value that is accepted and not used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from course.gateway.policy.refusal import Refusal

DROPPED: Final = object()
INT64 = 2**63


class Pairs(tuple[tuple[str, Any], ...]):
    """A JSON object as it was written: every pair, duplicates included."""

    __slots__ = ()


class Field(Protocol):
    """One reader."""

    def read(self, value: Any, where: str) -> Any:
        """The value of the field at `where`."""


def is_zero(value: Any) -> bool:
    """Whether a value says nothing: null, false, 0, "", or a list or object of nothing else.

    The CLI sends every field of its structs, nearly all with such values.
    """
    if isinstance(value, Pairs):
        return all(is_zero(inner) for _, inner in value)
    if isinstance(value, list):
        return all(is_zero(inner) for inner in value)
    return value is None or value is False or value == "" or (type(value) in (int, float) and value == 0)


def _wrong_type(where: str, expected: str) -> Refusal:
    return Refusal(f"the field {where}", f"expected {expected}", status=400)


@dataclass(frozen=True)
class Text:
    """A string of at most `cap` characters that fully matches `pattern`, if there is one."""

    pattern: str = ""
    expected: str = "a string"
    cap: int = 64 * 1024

    def read(self, value: Any, where: str) -> str:
        """The string."""
        if not isinstance(value, str):
            raise _wrong_type(where, "a string")
        if len(value) > self.cap:
            raise Refusal(f"the field {where}", f"longer than {self.cap} characters", status=413)
        if self.pattern and value and not re.fullmatch(self.pattern, value, re.ASCII):
            raise Refusal(f"the field {where}: {value!r}", f"expected {self.expected}", status=400)
        return value


@dataclass(frozen=True)
class Flag:
    """A boolean."""

    def read(self, value: Any, where: str) -> bool:
        """The boolean."""
        if not isinstance(value, bool):
            raise _wrong_type(where, "true or false")
        return value


@dataclass(frozen=True)
class Number:
    """A whole number from `least` to `most`."""

    least: int = -INT64
    most: int = INT64 - 1

    def read(self, value: Any, where: str) -> int:
        """The number."""
        if type(value) is not int:
            raise _wrong_type(where, "a whole number")
        if not self.least <= value <= self.most:
            raise Refusal(
                f"the field {where}: {value}", f"expected a number from {self.least} to {self.most}", status=400
            )
        return value


@dataclass(frozen=True)
class Each:
    """A list, each item read by `item`."""

    item: Field
    most: int = 2000

    def read(self, value: Any, where: str) -> list[Any]:
        """The list."""
        if not isinstance(value, list):
            raise _wrong_type(where, "a list")
        if len(value) > self.most:
            raise Refusal(f"the field {where}", f"more than {self.most} items", status=413)
        return [self.item.read(inner, f"{where}[{index}]") for index, inner in enumerate(value)]


@dataclass(frozen=True)
class Words:
    """A command: a list of strings, or one string that the engine takes as a list of one (strslice)."""

    def read(self, value: Any, where: str) -> list[str]:
        """The list."""
        if isinstance(value, str):
            return [value]
        items: list[str] = Each(Text()).read(value, where)
        return items


@dataclass(frozen=True)
class Map:
    """A JSON object that the engine reads into a Go map: any key, exact duplicates refused."""

    values: Field
    keys: Text = Text(cap=4096)
    most: int = 1000

    def read(self, value: Any, where: str) -> dict[str, Any]:
        """The mapping; a null value is read as None."""
        if not isinstance(value, Pairs):
            raise _wrong_type(where, "an object")
        if len(value) > self.most:
            raise Refusal(f"the field {where}", f"more than {self.most} entries", status=413)
        answer: dict[str, Any] = {}
        for key, inner in value:
            self.keys.read(key, f"{where}, the key")
            if key in answer:
                raise Refusal(f"the field {where}", f"the key {key!r} is there twice", status=400)
            answer[key] = None if inner is None else self.values.read(inner, f"{where}.{key}")
        return answer


@dataclass(frozen=True)
class Struct:
    """A JSON object that the engine reads into a Go struct.

    Go matches field names without regard to case (U+017F and U+212A included) and merges duplicates, so here a name
    is spelled exactly, and is there once. A name that is not in the table is refused unless its value says nothing.
    """

    fields: Mapping[str, Field]

    def read(self, value: Any, where: str) -> dict[str, Any]:
        """The fields that were given a value; null is the same as absent."""
        if not isinstance(value, Pairs):
            raise _wrong_type(where, "an object")
        seen: set[str] = set()
        answer: dict[str, Any] = {}
        for key, inner in value:
            path = f"{where}.{key}" if where else key
            folded = key.casefold()
            if folded in seen:
                raise Refusal(f"the field {path}", "it is there twice (the case of letters does not count)", status=400)
            seen.add(folded)
            field = self.fields.get(key)
            if field is None:
                self._unknown(key, path, inner)
            elif inner is not None:
                read = field.read(inner, path)
                if read is not DROPPED:
                    answer[key] = read
        return answer

    def _unknown(self, key: str, path: str, inner: Any) -> None:
        if inner is None:
            return
        for known in self.fields:
            if known.casefold() == key.casefold():  # also with a zero value: the engine may take [] for something
                raise Refusal(f"the field {path}", f"it must be spelled {known}", status=400)
        if is_zero(inner):
            return
        raise Refusal(f"the field {path}", "it may not be used in a session")


@dataclass(frozen=True)
class Refused:
    """A field that may only hold what says nothing; `why` and `instead` are shown when it does say something."""

    why: str
    instead: str = ""
    also: tuple[Any, ...] = ()  # further values that a client sends for "not set"

    def read(self, value: Any, where: str) -> Any:
        """DROPPED."""
        if is_zero(value) or any(type(value) is type(other) and value == other for other in self.also):
            return DROPPED
        raise Refusal(where, self.why, self.instead)


@dataclass(frozen=True)
class Ignored:
    """A field whose value is of the right type and is not used: the gateway sets its own, or the engine needs none."""

    field: Field

    def read(self, value: Any, where: str) -> Any:
        """DROPPED."""
        self.field.read(value, where)
        return DROPPED
