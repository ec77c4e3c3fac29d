"""Strict reading of JSON bodies: what is decoded here is exactly what the engine would read, or it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Struct:
    """A JSON object that the engine reads into a Go struct: field names fold, so they must be spelled exactly."""

    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Map:
    """A JSON object that the engine reads into a Go map: any key, exact duplicates refused."""

    values: Any


def decode_object(raw: bytes, schema: Struct, *, cap: int) -> dict[str, Any]:
    """Decode one JSON object; the answer holds only keys of the schema, with the types that it gives.

    Args:
        raw: the body; empty or "null" counts as an empty object.
        schema: the fields that may be used.
        cap: the most bytes that are read.

    Raises:
        Refusal: 413 past the cap, 400 for what is not one clean JSON object, 403 for a field that may not be used.
    """
    raise NotImplementedError


def check_json_type(content_type: str | None, raw: bytes) -> None:
    """Refuse a form body (it would override the query), accept JSON with any parameter, or no body at all."""
    raise NotImplementedError
