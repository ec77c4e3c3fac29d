"""The queue between the engine's log and a client that may be slow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from stream_bench import run

from course.gateway.streams.spool import IN_MEMORY, Room, Spool

PIECE = b"x" * (IN_MEMORY // 2)


async def pieces(count: int) -> AsyncIterator[bytes]:
    for number in range(count):
        yield bytes([number]) + PIECE


def test_a_slow_reader_makes_the_writer_wait_until_it_is_released() -> None:
    async def work() -> tuple[bool, int, bytes]:
        room = Room(10 * IN_MEMORY)
        with Spool(room) as spool:
            filling = asyncio.create_task(spool.fill(pieces(9)))
            for _ in range(100):
                await asyncio.sleep(0)
            waited = not spool.filled.is_set()
            spool.release()
            await spool.filled.wait()
            used = 10 * IN_MEMORY - room.left
            got = b"".join([piece async for piece in spool])
            await filling
        assert room.left == 10 * IN_MEMORY
        return waited, used, got

    waited, used, got = run(work())
    assert waited
    assert used == 7 * (len(PIECE) + 1)
    assert got == b"".join(bytes([number]) + PIECE for number in range(9))


def test_without_room_on_disk_the_writer_waits_and_nothing_is_lost() -> None:
    async def work() -> bytes:
        with Spool(Room(0)) as spool:
            spool.release()
            filling = asyncio.create_task(spool.fill(pieces(9)))
            got = b"".join([piece async for piece in spool])
            await filling
            return got

    assert len(run(work())) == 9 * (len(PIECE) + 1)


def test_what_breaks_the_writer_off_reaches_the_reader_behind_the_last_byte() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"a"
        raise ConnectionError("gone")

    async def work() -> None:
        with Spool(Room(0)) as spool:
            await spool.fill(broken())
            got = aiter(spool)
            assert await anext(got) == b"a"
            with pytest.raises(ConnectionError):
                await anext(got)

    run(work())
