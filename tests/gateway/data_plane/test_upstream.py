"""The client of the engine: what it writes, and how it reads answers that come in any pieces."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course.gateway.policy.names import EngineRequest
from course.gateway.upstream import EngineUnavailable, Upload, Upstream, request_target
from course.gateway.wire import Wire, WireError

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PING = b"HTTP/1.1 200 OK\r\nApi-Version: %s\r\nContent-Length: 2\r\n\r\nOK"


@pytest.mark.parametrize(
    ("parts", "query", "target"),
    [
        (("containers", "a/../b", "json"), {}, "/v1.41/containers/a%2F..%2Fb/json"),
        (("containers", "a?all=1#x", "json"), {}, "/v1.41/containers/a%3Fall%3D1%23x/json"),
        (("images", "get"), {"names": ("a&b=c", "d e")}, "/v1.41/images/get?names=a%26b%3Dc&names=d%20e"),
        (("x\r\nHost: y",), {"a\n": "b\r"}, "/v1.41/x%0D%0AHost%3A%20y?a%0A=b%0D"),
    ],
)
def test_a_part_never_becomes_more_than_a_part(
    parts: tuple[str, ...], query: dict[str, str | tuple[str, ...]], target: str
) -> None:
    assert request_target("1.41", EngineRequest("GET", parts, query)) == target


def chunked(pieces: list[bytes]) -> bytes:
    """A chunked body."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@given(
    pieces=st.lists(st.binary(min_size=1, max_size=300), max_size=20), cuts=st.lists(st.integers(1, 400), max_size=40)
)
@settings(deadline=None)
def test_a_chunked_body_is_the_same_however_it_arrives(pieces: list[bytes], cuts: list[int]) -> None:
    async def read() -> bytes:
        wire, raw = Wire(), chunked(pieces) + b"rest"
        for cut in cuts:
            wire.data_received(raw[:cut])
            raw = raw[cut:]
        wire.data_received(raw)
        body = b"".join([piece async for piece in wire.read_chunked()])
        rest = b""
        while len(rest) < len(b"rest"):
            rest += await wire.read()
        assert rest == b"rest"
        return body

    assert asyncio.run(read()) == b"".join(pieces)


@pytest.mark.parametrize("raw", [b"x\r\n", b"-1\r\nab", b"f" * 2000, b"5\r\nab"])
def test_a_broken_chunked_body_is_an_error(raw: bytes) -> None:
    async def read() -> None:
        wire = Wire()
        wire.data_received(raw)
        wire.eof_received()
        async for _ in wire.read_chunked():
            pass

    with pytest.raises(WireError):
        asyncio.run(read())


def against(serve: Serve, work: Callable[[Upstream], Awaitable[None]]) -> None:
    """Run work with a client of a small engine of our own."""

    serving: set[asyncio.Task[None]] = set()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            serving.add(task)
        try:
            await serve(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def run() -> None:
        with tempfile.TemporaryDirectory(prefix="sw", dir="/tmp") as folder:
            server = await asyncio.start_unix_server(served, Path(folder) / "s")
            engine = Upstream(Path(folder) / "s")
            try:
                await asyncio.wait_for(work(engine), 30)
            finally:
                engine.close()
                server.close()
                if serving:
                    await asyncio.wait(serving, timeout=10)

    asyncio.run(run())


def answering(version: bytes, *answers: bytes) -> Serve:
    """An engine that answers a ping, then with these bytes in turn on each connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        rest = list(answers)
        while line := await reader.readline():
            while (await reader.readline()).strip():
                pass
            if b"_ping" in line:
                writer.write(PING % version)
            else:
                writer.write(rest.pop(0) if rest else b"HTTP/1.1 500 E\r\nContent-Length: 0\r\n\r\n")

    return serve


@pytest.mark.parametrize(("offered", "used"), [(b"1.41", "1.41"), (b"1.45", "1.45"), (b"1.51", "1.45")])
def test_one_version_is_spoken(offered: bytes, used: str) -> None:
    async def work(engine: Upstream) -> None:
        assert await engine.version() == used

    against(answering(offered), work)


@pytest.mark.parametrize("offered", [b"1.40", b"", b"two"])
def test_an_engine_that_is_too_old_is_not_used(offered: bytes) -> None:
    async def work(engine: Upstream) -> None:
        with pytest.raises(EngineUnavailable):
            await engine.version()

    against(answering(offered), work)


def test_interim_answers_are_passed_over_and_the_connection_is_used_again() -> None:
    answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

    async def work(engine: Upstream) -> None:
        for _ in range(2):
            assert (await engine.ask(EngineRequest("GET", ("x",)))).value == {}
        assert "1 idle" in repr(engine)

    against(answering(b"1.41", answer, answer), work)


def test_only_the_engines_own_switch_opens_a_tunnel() -> None:
    plain = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    raw = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nhello"

    async def work(engine: Upstream) -> None:
        await engine.version()
        engine.close()
        _, answer = await engine.hijack(EngineRequest("POST", ("exec", "x", "start"), body={}))
        assert not isinstance(answer, Wire) and answer.value == {}

    async def opened(engine: Upstream) -> None:
        await engine.version()
        engine.close()
        _, wire = await engine.hijack(EngineRequest("POST", ("exec", "x", "start"), body={}))
        assert isinstance(wire, Wire) and await wire.read() == b"hello"
        wire.close()

    against(answering(b"1.41", plain), work)
    against(answering(b"1.41", raw), opened)


def test_an_upload_that_fails_reaches_the_caller_and_breaks_the_request_off() -> None:

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if b"_ping" in await reader.readuntil(b"\r\n\r\n"):
            writer.write(PING % b"1.41")
            await reader.readuntil(b"\r\n\r\n")
        body = await reader.read()
        assert not body.endswith(b"0\r\n\r\n")  # never an end that would make the part look like the whole

    async def pieces() -> AsyncIterator[bytes]:
        yield b"some"
        raise ValueError("not this")

    async def work(engine: Upstream) -> None:
        with pytest.raises(ValueError, match="not this"):
            await engine.ask(EngineRequest("POST", ("build",)), Upload(pieces()))
        assert "0 idle" in repr(engine)

    against(serve, work)


def test_an_answer_that_breaks_off_is_an_error_without_addresses() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if b"_ping" in await reader.readuntil(b"\r\n\r\n"):
            writer.write(PING % b"1.41")
            await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")

    async def work(engine: Upstream) -> None:
        with pytest.raises(EngineUnavailable) as broken:
            await engine.ask(EngineRequest("GET", ("x",)))
        assert "/" not in str(broken.value)

    against(serve, work)


def test_a_header_of_a_client_cannot_be_passed_on() -> None:
    async def work(engine: Upstream) -> None:
        for headers in ({"Host": "x"}, {"X-Registry-Auth": "a\r\nb"}):
            with pytest.raises(ValueError):
                await engine.ask(EngineRequest("GET", ("x",)), headers=headers)

    against(answering(b"1.41"), work)
