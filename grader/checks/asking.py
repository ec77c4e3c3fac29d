"""One question over HTTP to a server of the learner's: bounded in time and bytes, whatever the server does."""

from __future__ import annotations

import socket
import threading
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

PIECE = 16384
_CODINGS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


@dataclass(frozen=True)
class Said:
    """What a server answered; `headers` finds a name in any case."""

    status: int
    headers: Message
    body: bytes


def ask(url: str, *, seconds: float, most: int, headers: Mapping[str, str] | None = None) -> Said | None:
    """Ask once, without redirects and without proxies; None for no answer, or one that is not HTTP.

    Args:
        url: the address.
        seconds: for all of it; then the connection is cut, also in the middle of a header.
        most: bytes of the body that are read, and that are left when it is inflated.
        headers: of the request.
    """
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)
    cut = threading.Timer(seconds, _hang_up, [connection])
    cut.daemon = True
    try:
        connection.connect()
        cut.start()
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", path, headers={"Accept": "*/*", "Connection": "close", **(headers or {})})
        answer = connection.getresponse()
        body = bytearray()
        with suppress(HTTPException, OSError):  # a body that breaks off is looked at as far as it came
            while len(body) < most and (piece := answer.read1(min(PIECE, most - len(body)))):
                body += piece
        return Said(answer.status, answer.headers, _inflated(bytes(body), answer.headers, most))
    except (HTTPException, OSError, ValueError, zlib.error):
        return None
    finally:
        cut.cancel()
        connection.close()


def _hang_up(connection: HTTPConnection) -> None:
    with suppress(OSError, AttributeError):
        connection.sock.shutdown(socket.SHUT_RDWR)


def _inflated(body: bytes, headers: Message, most: int) -> bytes:
    """What a server packed although nobody asked it to.

    Raises:
        zlib.error: it is not what its header says.
    """
    coding = str(headers.get("Content-Encoding") or "").strip().lower()
    return zlib.decompressobj(_CODINGS[coding]).decompress(body, most) if coding in _CODINGS else body
