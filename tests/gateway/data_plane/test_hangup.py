"""A peer that is gone is told from one that only said all, with epoll and where there is none (macOS)."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from course.gateway import connection
from course.gateway.connection import hangup, told_by_epoll, told_by_poll


@pytest.fixture(params=[told_by_epoll, told_by_poll])
def told(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(connection, "_told", request.param)
    return request.param


def test_a_half_close_is_no_hangup_and_a_close_is_one(told: Any) -> None:
    async def watch() -> None:
        here, there = socket.socketpair()
        with here, hangup(here.fileno()) as gone:
            there.shutdown(socket.SHUT_WR)
            done, _ = await asyncio.wait([gone], timeout=2 * connection.HANGUP_SECONDS)
            assert not done, "a peer that still listens was given up"
            there.close()
            await asyncio.wait_for(gone, 20)

    asyncio.run(watch())


def test_a_socket_that_is_closed_here_is_gone_at_once() -> None:
    async def watch() -> None:
        with hangup(-1) as gone:
            assert gone.done()

    asyncio.run(watch())


def test_nothing_is_watched_any_more_afterwards(told: Any) -> None:
    async def watch() -> None:
        here, there = socket.socketpair()
        with here, there:
            with hangup(here.fileno()) as gone:
                pass
            there.close()
            done, _ = await asyncio.wait([gone], timeout=2 * connection.HANGUP_SECONDS)
            assert not done

    asyncio.run(watch())
