"""What an examiner and its kernel say to each other: one message at a time, its length before it, over a socket."""

from __future__ import annotations

import socket
import struct
import time
from typing import Any, TypeVar

import msgspec

from grader.checks.result import Verdict

MOST = 64 * 1024 * 1024
_T = TypeVar("_T")


class Closed(Exception):
    """The other end is gone."""


class TimeIsUp(Exception):
    """No message came in time."""


class Fork(msgspec.Struct, frozen=True, tag=True):
    """To the parent, with a socket: fork a child that serves on it, in this environment."""

    environment: dict[str, str]
    most_output: int
    memory_bytes: int


class Run(msgspec.Struct, frozen=True, tag=True):
    """To a child: run one graded cell, with relative paths from this folder."""

    source: str
    folder: str


class Answer(msgspec.Struct, frozen=True, tag=True):
    """To a child: the learner's value as JSON text, or that there is none, or why it is no plain JSON."""

    text: str | None
    problem: str = ""


class Ask(msgspec.Struct, frozen=True, tag=True):
    """From a child: a check wants the learner's value of this name."""

    name: str


class Ran(msgspec.Struct, frozen=True, tag=True):
    """From a child: what the cell showed, what its checks found, and the error that ended it."""

    outputs: list[dict[str, Any]]
    verdicts: list[Verdict]
    ename: str = ""
    evalue: str = ""


FromChild = Ask | Ran


def send(to: socket.socket, message: msgspec.Struct) -> None:
    """Send one message.

    Raises:
        Closed: nobody reads it.
    """
    text = msgspec.json.encode(message)
    try:
        to.sendall(struct.pack(">I", len(text)) + text)
    except OSError as error:
        raise Closed from error


def receive(source: socket.socket, kind: Any, deadline: float | None = None) -> Any:
    """Wait for one message.

    Args:
        source: where it comes from.
        kind: the type, or union of types, that it must be of.
        deadline: by time.monotonic; None waits for ever.

    Raises:
        Closed: the other end is gone, or says what it must not.
        TimeIsUp: nothing came in time.
    """
    (length,) = struct.unpack(">I", _exactly(source, 4, deadline))
    if length > MOST:
        raise Closed
    try:
        return msgspec.json.decode(_exactly(source, length, deadline), type=kind)
    except msgspec.DecodeError as error:
        raise Closed from error


def _exactly(source: socket.socket, count: int, deadline: float | None) -> bytes:
    kept = bytearray()
    while len(kept) < count:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            raise TimeIsUp
        source.settimeout(left)
        try:
            chunk = source.recv(min(count - len(kept), 1 << 20))
        except TimeoutError:
            raise TimeIsUp from None
        except OSError as error:
            raise Closed from error
        if not chunk:
            raise Closed
        kept += chunk
    return bytes(kept)
