"""Structs that cross processes and machines: JSON both ways, checked against the schema, capped in size."""

from __future__ import annotations

from typing import Self

import msgspec

from grader.examine.errors import BadData


class Data(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of what is sent: `to_json` and `from_json` are each other's reverse."""

    def to_json(self) -> bytes:
        """One line of JSON, without a line end."""
        return msgspec.json.encode(self)

    @classmethod
    def from_json(cls, text: bytes | str) -> Self:
        """Read what `to_json` wrote.

        Raises:
            BadData: more than the cap in bytes, no JSON, or not of this schema.
        """
        if len(text) > cls._most_bytes():
            raise BadData(
                f"a {cls.__name__} of up to {cls._most_bytes()} bytes", f"{len(text)} bytes", "grade that one by hand"
            )
        try:
            return msgspec.json.decode(text, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadData(
                f"the JSON of a {cls.__name__}", str(error), "grade again: this file was written by something else"
            ) from error

    @classmethod
    def _most_bytes(cls) -> int:
        """The cap on what `from_json` reads."""
        raise NotImplementedError
