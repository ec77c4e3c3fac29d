"""Strict reading of JSON bodies: what is decoded here is exactly what the engine would read, or it is refused.

The engine reads a body with Go's encoding/json: names in any case, duplicate objects merged, bad UTF-8 replaced, on
older versions the first document only. A body that could be read in two ways is refused, so that no question remains.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from course.gateway.policy.fields import Pairs, Struct
from course.gateway.policy.refusal import Refusal

DEPTH = 12  # the deepest body that any client sends is 6
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def decode_object(raw: bytes, schema: Struct, *, cap: int) -> dict[str, Any]:
    """Decode one JSON object; the answer holds only keys of the schema, with the types that it gives.

    Args:
        raw: the body; empty or "null" counts as an empty object.
        schema: the fields that may be used.
        cap: the most bytes that are read.

    Raises:
        Refusal: 413 past the cap, 400 for what is not one clean JSON object, 403 for a field that may not be used.
    """
    if len(raw) > cap:
        raise Refusal("the body of the request", f"larger than {cap} bytes", status=413)
    value = parse(raw)
    return schema.read(Pairs() if value is None else value, "")


def parse(raw: bytes) -> Any:
    """Parse one JSON document, objects as `Pairs`; None for an empty body.

    Raises:
        Refusal: 400.
    """
    if not raw.strip(b" \t\r\n"):
        return None
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=Pairs, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise Refusal("the body of the request", f"it is not UTF-8 at byte {error.start}", status=400) from error
    except RecursionError as error:
        raise Refusal("the body of the request", "nested too deeply", status=400) from error
    except ValueError as error:  # JSONDecodeError, and a number of thousands of digits
        raise Refusal("the body of the request", f"it is not one JSON document: {error}", status=400) from error
    _check_tree(value)
    return value


def check_json_type(content_type: str | None, raw: bytes) -> None:
    """Refuse a form body (the engine lets it override the query); accept JSON with any parameter, or no body at all.

    Raises:
        Refusal: 400.
    """
    kind = (content_type or "").partition(";")[0].strip().lower()
    if not raw.strip() and kind not in FORMS:
        return
    if kind != "application/json":
        raise Refusal(f"Content-Type specified ({kind}) must be 'application/json'", "", status=400)  # as the engine


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _check_tree(value: Any) -> None:
    """Refuse NUL and lone surrogates in keys and values, and what is nested deeper than any client does."""
    pending = [(value, 0)]
    while pending:
        item, depth = pending.pop()
        if depth > DEPTH:
            raise Refusal("the body of the request", f"nested deeper than {DEPTH} levels", status=400)
        if isinstance(item, str):
            if "\0" in item or any("\ud800" <= letter <= "\udfff" for letter in item):
                raise Refusal("the body of the request", "a string holds NUL or half a character", status=400)
        elif isinstance(item, Pairs):
            pending += ((part, depth + 1) for pair in item for part in pair)
        elif isinstance(item, list):
            pending += ((part, depth + 1) for part in item)
