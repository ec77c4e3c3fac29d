"""The door between the engine and a learner's registry, open for the time of one push or pull.

The engine is the host's: what it fetches, it fetches with the host's network. A registry that a learner runs could
send it elsewhere: by a redirect, by the address of a login, by the place of an upload, or by `urls` in a manifest. And
a layer may be a bomb. So the engine talks to this door on the loopback, and the door to the registry: it passes on what
belongs to a transfer, and refuses the rest.
"""

from __future__ import annotations

import json
import logging
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from yarl import URL

from course.gateway.errors import in_one_line, translated
from course.gateway.policy.limits import MIB, Limits

log = logging.getLogger("course.gateway")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH")
ASKED = ("Accept", "Content-Type", "Content-Range", "Range")
ANSWERED = ("Content-Type", "Content-Range", "Docker-Content-Digest", "Docker-Distribution-Api-Version",
            "Docker-Upload-Uuid", "Etag", "Range")  # fmt: skip
MANIFEST = 4 * MIB  # the largest that an engine reads
PIECE = 16 * 1024  # compressed bytes between two looks at what they inflate to
FREE = 16 * MIB  # inflated bytes before the ratio counts
OTHER_COMPRESSIONS = (b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\x00", b"BZh")  # zstd, xz, bzip2: engines push gzip


class Refused(Exception):
    """Something that the registry answered does not pass; the text says what."""


def address(sid: str) -> str:
    """The loopback address of a session's doors: one for each session, so that a tag which a killed gateway left on
    the engine tells whose it is. An engine takes plain HTTP on all of 127.0.0.0/8."""
    one, two, three = bytes.fromhex(sid[:6])  # a sid begins with a letter, so `one` is 160 at least
    return f"127.{one}.{two}.{1 + three % 254}"


@asynccontextmanager
async def open_door(sid: str, registry: int, limits: Limits) -> AsyncIterator[int]:
    """Give the port, at `address(sid)`, of a door to the registry that is published on 127.0.0.1 at port `registry`.

    Args:
        sid: the session that moves an image.
        registry: a port of an own container.
        limits: `image_tar` and `inflate_ratio` bound what one pull may inflate to.
    """
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=10.0, sock_read=120.0)
    async with aiohttp.ClientSession(auto_decompress=False, timeout=timeout) as client:
        door = _Door(client, registry, limits, address(sid))
        server = web.Server(door.pass_on, access_log=None, auto_decompress=False, handler_cancellation=True)
        runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, door.host, 0)
            await site.start()
            door.port = int(runner.addresses[0][1])
            yield door.port
        finally:
            await runner.cleanup()


class _Door:
    def __init__(self, client: aiohttp.ClientSession, registry: int, limits: Limits, host: str) -> None:
        self.host = host
        self._client, self._registry, self._limits = client, registry, limits
        self._inflated = 0  # over all layers of the transfer
        self.port = 0

    async def pass_on(self, request: web.BaseRequest) -> web.StreamResponse:
        """Ask the registry what the engine asks, and pass on what it may answer."""
        if request.method not in METHODS or not request.raw_path.startswith("/v2/"):
            return web.Response(status=404)
        # An engine sends one Accept line for each kind of manifest.
        headers = {name: ", ".join(request.headers.getall(name)) for name in ASKED if name in request.headers}
        # An upload's address is made from the host that was asked, so the engine comes back to the door.
        headers |= {"Host": f"{self.host}:{self.port}", "Accept-Encoding": "identity"}
        if request.content_length is not None:
            headers["Content-Length"] = str(request.content_length)
        url = URL(f"http://127.0.0.1:{self._registry}{request.raw_path}", encoded=True)
        body = request.content if request.body_exists else None
        try:
            asked = self._client.request(request.method, url, headers=headers, data=body, allow_redirects=False)
            async with asked as answer:
                return await self._answer(request, answer)
        except (Refused, aiohttp.ClientError, zlib.error) as error:
            log.info("a registry's answer was not passed on: %s", error)
            if request.transport is not None and request.writer.output_size:
                request.transport.abort()
            return _failed("DENIED", f"{error}", 403)
        except ConnectionError:
            raise  # the engine has gone
        except Exception as error:
            if request.transport is not None and request.writer.output_size:
                request.transport.abort()
            return _failed("UNKNOWN", in_one_line(translated(error)), 500)

    async def _answer(self, request: web.BaseRequest, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        headers = self._headers(answer)
        if "/manifests/" in request.path and request.method == "GET" and answer.status == 200:
            raw = await answer.content.read(MANIFEST + 1)
            _check_manifest(raw)
            return web.Response(body=raw, status=answer.status, headers=headers)
        passed = web.StreamResponse(status=answer.status, headers=headers)
        passed.content_length = answer.content_length
        await passed.prepare(request)
        gauge = _Gauge(self._limits, self._inflated)
        async for piece in answer.content.iter_chunked(PIECE):
            gauge.take(piece)
            await passed.write(piece)
        self._inflated = gauge.inflated
        await passed.write_eof()
        return passed

    def _headers(self, answer: aiohttp.ClientResponse) -> dict[str, str]:
        if 300 <= answer.status < 400 and answer.status != 304:
            raise Refused("the registry sends the engine elsewhere")
        if answer.status == 401:
            raise Refused("the registry wants a login; the lesson's registry has none")
        headers = {name: answer.headers[name] for name in ANSWERED if name in answer.headers}
        if place := answer.headers.get("Location"):
            there = urlsplit(place)
            if there.netloc not in ("", f"{self.host}:{self.port}") or not there.path.startswith("/v2/"):
                raise Refused("the registry sends an upload elsewhere")
            headers["Location"] = there._replace(scheme="", netloc="").geturl()
        return headers


def _failed(code: str, message: str, status: int) -> web.Response:
    """An error as a registry tells it (OCI distribution, error codes)."""
    return web.json_response({"errors": [{"code": code, "message": message}]}, status=status)


def _check_manifest(raw: bytes) -> None:
    """Refuse a manifest whose layers are elsewhere; field names are folded as the engine folds them."""
    if len(raw) > MANIFEST:
        raise Refused("the manifest is too large")

    def check(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if any(name.casefold() == "urls" and value for name, value in pairs):
            raise Refused("the manifest names layers that are elsewhere")
        return dict(pairs)

    try:
        json.loads(raw, object_pairs_hook=check)
    except (ValueError, RecursionError) as error:
        raise Refused("the manifest is not JSON") from error


class _Gauge:
    """How many bytes a layer inflates to, seen while it passes."""

    def __init__(self, limits: Limits, inflated: int) -> None:
        self.inflated = inflated
        self._limits, self._came, self._began = limits, 0, inflated
        self._unpack: Any = None

    def take(self, piece: bytes) -> None:
        """Count one piece.

        Raises:
            Refused: past the limits, or for a compression other than gzip.
        """
        if not self._came:
            if piece.startswith(OTHER_COMPRESSIONS):
                raise Refused("a layer is compressed with something other than gzip")
            self._unpack = zlib.decompressobj(31) if piece.startswith(b"\x1f\x8b") else None
        self._came += len(piece)
        while piece:
            if self._unpack is None:
                self._count(len(piece))
                return
            self._count(len(self._unpack.decompress(piece, MIB)))
            piece = self._unpack.unconsumed_tail
            if self._unpack.eof:  # gzip members may follow each other; a tail of anything else is not unpacked
                piece = self._unpack.unused_data
                self._unpack = zlib.decompressobj(31) if piece.startswith(b"\x1f") else None

    def _count(self, size: int) -> None:
        self.inflated += size
        own = self.inflated - self._began
        if self.inflated > self._limits.image_tar or own > FREE + self._came * self._limits.inflate_ratio:
            raise Refused("the layers inflate to more than an image of a session may hold")


__all__ = ["Refused", "address", "open_door"]
