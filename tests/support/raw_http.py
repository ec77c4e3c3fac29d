"""Requests as an attacker sends them: bytes on a Unix socket, with no client library to tidy them."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.parse import quote, urlencode


@dataclass(frozen=True)
class Answer:
    """A status (0 when the connection was closed without one), the headers with lower-case names, and the body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def refused(self) -> bool:
        """Whether the request was refused: an error of the client's, or no answer at all."""
        return self.status == 0 or 400 <= self.status < 500

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


def send(url: str, raw: bytes, *, limit: int = 4_000_000, timeout: float = 60.0, switch: bool = True) -> Answer:
    """Send bytes to an engine's or a session's socket and read one answer.

    Args:
        url: "unix://…".
        raw: the request, whole.
        limit: bytes of the body that are read; a stream is cut there.
        timeout: seconds of silence after which what has come is the answer.
        switch: stop reading at a 101, as nothing more is an HTTP answer.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout)
        connection.connect(url.removeprefix("unix://"))
        with suppress(BrokenPipeError, ConnectionResetError):  # refused before the end: the answer is there to read
            connection.sendall(raw)
        response = HTTPResponse(connection)
        try:
            response.begin()
        except (OSError, HTTPException):
            return Answer(0, {}, b"")
        headers = {name.lower(): value for name, value in response.getheaders()}
        if response.status == 101 and switch:
            return Answer(101, headers, b"")
        try:
            body = response.read(limit)
        except (TimeoutError, ConnectionResetError):
            body = b""
        return Answer(response.status, headers, body)


def request(
    method: str,
    path: str,
    *,
    query: dict[str, str] | None = None,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> bytes:
    """The bytes of one request; the path is sent as it is, the query is encoded."""
    target = path + (f"?{urlencode(query, quote_via=quote)}" if query else "")
    lines = [f"{method} {target} HTTP/1.1", "Host: docker", "Connection: close"]
    fields = {**(headers or {})}
    if any(name.lower() == "connection" for name in fields):
        lines.remove("Connection: close")
    if body or method in ("POST", "PUT"):
        fields.setdefault("Content-Length", str(len(body)))
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def call(url: str, method: str, path: str, **parts: Any) -> Answer:
    """Build one request and send it."""
    value = parts.pop("json", None)
    if value is not None:
        parts["body"] = json.dumps(value).encode()
        parts["headers"] = {"Content-Type": "application/json", **(parts.get("headers") or {})}
    return send(url, request(method, path, **parts))
