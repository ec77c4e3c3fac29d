"""The closed table of calls: which method and path is which call. What is not here is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Body = Literal["none", "json", "tar"]


@dataclass(frozen=True)
class Call:
    """One call of the table.

    Args:
        route: its name, as "container.create".
        method: "GET", "HEAD", "POST", "PUT" or "DELETE".
        params: the names in the path, decoded: "id", "name".
        query: the query, decoded, in order; see `query.parse` for the typed form.
        version: the version in the path ("1.41"), or None.
        body: what the call takes: nothing (a body must be empty), one JSON object, or a stream.
    """

    route: str
    method: str
    params: Mapping[str, str]
    query: Mapping[str, list[str]]
    version: str | None
    body: Body


def match(method: str, raw_target: str) -> Call:
    """Find the call for a request line.

    Args:
        method: as on the wire.
        raw_target: the request target as on the wire, still encoded, with the query.

    Raises:
        Refusal: 400 for a malformed target, 404 for an unknown one, 403 with words for one that is known and not given.
    """
    raise NotImplementedError
