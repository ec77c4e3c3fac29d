"""What Docker Desktop runs on the learner's side: it passes on the engine's socket, and published ports on 127.0.0.1.

    forwarder.py socket FROM TO                    a Unix socket here that leads to the engine's
    forwarder.py -proto tcp -host-port 49153 …     what dockerd calls for a published port, in place of docker-proxy

The second also listens in the learner's network namespace, the file in `LEARNER_NETWORK`, and says on descriptor 3
that it does before the start of the container is answered.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

CLONE_NEWNET = 0x40000000  # linux/sched.h
Wires = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def relay(here: Wires, connect: Callable[[], Awaitable[Wires]]) -> None:
    """Pass bytes and ends of input on, both ways."""
    try:
        there = await connect()
    except OSError:
        here[1].close()
        return
    try:
        await asyncio.gather(copy(here[0], there[1]), copy(there[0], here[1]))
    finally:
        for _, writer in (here, there):
            writer.close()


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        writer.write_eof()


async def pass_on_socket(source: str, target: str) -> None:
    """Serve the engine's socket at another path until the process is ended."""
    server = await asyncio.start_unix_server(
        lambda *here: relay(here, lambda: asyncio.open_unix_connection(target)), source
    )
    await server.serve_forever()


async def pass_on_port(listeners: list[socket.socket], address: tuple[str, int]) -> None:
    """Serve a published port until the process is ended."""
    servers = [
        await asyncio.start_server(lambda *here: relay(here, lambda: asyncio.open_connection(*address)), sock=one)
        for one in listeners
    ]
    os.write(3, b"0\n")
    os.close(3)
    await asyncio.gather(*(server.serve_forever() for server in servers))


def listen_for_the_learner(port: int) -> socket.socket:
    """A socket in the learner's network namespace; this process stays in the engine's."""
    enter = ctypes.CDLL(None, use_errno=True).setns
    with Path("/proc/self/ns/net").open() as own, Path(os.environ["LEARNER_NETWORK"]).open() as learners:
        if enter(learners.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        try:
            return socket.create_server(("127.0.0.1", port))
        finally:
            enter(own.fileno(), CLONE_NEWNET)


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    if sys.argv[1] == "socket":
        asyncio.run(pass_on_socket(*sys.argv[2:]))
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in ("proto", "host-ip", "container-ip"):
        parser.add_argument(f"-{name}")
    for name in ("host-port", "container-port"):
        parser.add_argument(f"-{name}", type=int)
    asked, _ = parser.parse_known_args()
    if asked.proto != "tcp" or ":" in asked.host_ip:  # no lesson publishes UDP or uses IPv6
        os.write(3, b"0\n")
        signal.pause()
    try:
        listeners = [listen_for_the_learner(asked.host_port), socket.create_server((asked.host_ip, asked.host_port))]
    except OSError as error:  # dockerd takes another port then, where the container asked for any
        os.write(3, f"1\n{error}".encode())
        sys.exit(1)
    asyncio.run(pass_on_port(listeners, (asked.container_ip, asked.container_port)))


if __name__ == "__main__":
    main()
