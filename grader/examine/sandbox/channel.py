"""The socket to a submission's kernel: frames with a cap and a deadline, from somebody who may send anything."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import time

HEAD = struct.Struct(">I")
CHUNK = 1 << 18  # bytes


class Broken(Exception):
    """The other side hung up, or does not keep to the frames. The text says which."""


class Channel:
    """This side of the socket.

    Args:
        connected: the socket.
        largest: bytes of one frame; a longer one breaks the channel.
    """

    def __init__(self, connected: socket.socket, largest: int) -> None:
        self._socket, self._largest = connected, largest
        self._buffer = bytearray()
        connected.setblocking(False)

    def send(self, body: bytes, deadline: float) -> None:
        """Send one frame.

        Raises:
            Broken: the other side hung up.
            TimeoutError: it had not taken it when `deadline` (of `time.monotonic`) came.
        """
        rest = memoryview(HEAD.pack(len(body)) + body)
        while rest:
            self._wait(deadline, writing=True)
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise Broken("it hung up") from error

    def receive(self, deadline: float) -> bytes:
        """The next frame.

        Raises:
            Broken: the other side hung up, or announces more than may be sent.
            TimeoutError: none was complete when `deadline` came.
        """
        while True:
            if len(self._buffer) >= HEAD.size:
                size = HEAD.unpack_from(self._buffer)[0]
                if size > self._largest:
                    raise Broken(f"it sent a message of {size} bytes, where {self._largest} are the most")
                if len(self._buffer) >= HEAD.size + size:
                    body = bytes(memoryview(self._buffer)[HEAD.size : HEAD.size + size])
                    del self._buffer[: HEAD.size + size]
                    return body
            self._wait(deadline)
            try:
                part = self._socket.recv(CHUNK)
            except BlockingIOError:
                continue
            except OSError as error:
                raise Broken("it hung up") from error
            if not part:
                raise Broken("it hung up")
            self._buffer += part

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self._socket.close()

    def _wait(self, deadline: float, *, writing: bool = False) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        poller = select.poll()  # select() itself fails for descriptors above 1023
        poller.register(self._socket, select.POLLOUT if writing else select.POLLIN)
        poller.poll(min(left, 1.0) * 1000)
