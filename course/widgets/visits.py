"""Requests to published ports of this machine, each with a bounded time and size."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from threading import Event

SECONDS = 2.0
"""How long one request may take, from its first try to the last byte."""
AGAIN_SECONDS = 0.05
BYTES = 64 * 1024
"""How much of an answer is read."""
AT_ONCE = 8
"""How many requests are under way at the same time."""


@dataclass(frozen=True)
class Door:
    """A container's published port. One that does not run is asked once; a server that starts is asked again."""

    container: str
    port: int
    runs: bool


@dataclass(frozen=True)
class Reply:
    """What came back of a door: the text, None where nobody answered."""

    container: str
    text: str | None


def visit_all(doors: Sequence[Door], count: int, stop: Event) -> Iterator[Reply]:
    """Send requests to the doors in turn, several at a time; the replies, as they come.

    Args:
        doors: whom to ask; not empty.
        count: how many requests.
        stop: when it is set, those that were not sent yet are left out.
    """

    def one(number: int) -> Reply | None:
        door = doors[number % len(doors)]
        return None if stop.is_set() else Reply(door.container, ask(door))

    with ThreadPoolExecutor(AT_ONCE, "slipway-visit") as pool:
        for done in as_completed([pool.submit(one, number) for number in range(count)]):
            if (reply := done.result()) is not None:
                yield reply


def ask(door: Door) -> str | None:
    """GET / at a door of 127.0.0.1; the body as text, None where nobody answers within `SECONDS`."""
    end = time.monotonic() + SECONDS
    while True:
        connection = HTTPConnection("127.0.0.1", door.port, timeout=SECONDS)
        try:
            connection.request("GET", "/", headers={"Connection": "close"})
            return _body(connection, end)
        except (OSError, HTTPException, ValueError):
            if not door.runs or time.monotonic() + AGAIN_SECONDS > end:
                return None
        finally:
            connection.close()
        time.sleep(AGAIN_SECONDS)  # a server that was started needs a moment before it listens


def _body(connection: HTTPConnection, end: float) -> str:
    """The answer's beginning; an answer that drips is cut off at the end of the time."""
    answer, body = connection.getresponse(), b""
    while len(body) < BYTES and time.monotonic() < end and (piece := answer.read1(4096)):
        body += piece
    return body.decode(errors="replace").strip()
