"""What runs inside the sandbox: a course kernel, and a thread that carries its messages over one socket.

This file is the only one of `grader.examine` that a submission can see. It needs nothing else of it, and what it does
is not trusted once a learner's cell has run: the outside checks and caps whatever comes over the socket.

Run as `python -P inside.py FD`, with the socket's number. A frame is its length (4 bytes, big end first) and JSON; the
first one, from outside, is msgpack (`Start`).
"""

from __future__ import annotations

import array
import contextlib
import json
import os
import resource
import socket
import struct
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

import msgspec

HEAD = struct.Struct(">I")
KEPT = ("stream", "display_data", "execute_result", "update_display_data", "error", "clear_output")


class Start(msgspec.Struct):
    """What the outside says first.

    Args:
        uid: who runs the cells; 0 keeps the user that this process is.
        home: the learner's home, made here.
        folder: where the cells run, made here.
        files: of that folder: relative POSIX path to content.
        limits: names of `resource`, with the soft and hard limit.
        output_bytes: how much of one cell's messages is carried on.
    """

    uid: int
    home: str
    folder: str
    files: dict[str, bytes]
    limits: dict[str, int]
    output_bytes: int


def main(fd: int) -> None:
    """Make the place ready, say so, and run the kernel until it ends."""
    channel = socket.socket(fileno=fd)
    start = msgspec.msgpack.decode(receive(channel), type=Start)
    prepare(start)
    begin(channel, start)


def prepare(start: Start) -> None:
    """Take the learner's user and limits, and write the files."""
    if start.uid:
        os.setgroups([])
        os.setresgid(start.uid, start.uid, start.uid)
        os.setresuid(start.uid, start.uid, start.uid)
    os.umask(0o022)
    for name, most in start.limits.items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))
    for place in (Path(start.home), Path(os.environ["TMPDIR"]).resolve(), Path(start.folder)):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path, content in start.files.items():
        target = Path(start.folder, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    os.chdir(start.folder)


def begin(channel: socket.socket, start: Start) -> None:
    """Hand the folder to the outside, close what leads there besides the socket, and become the kernel."""
    folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [folder]))]
    channel.sendmsg([b"+"], rights)
    os.close(folder)
    said = os.dup(2)  # for what goes wrong before the first cell; nothing of a cell gets there
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    try:
        app = kernel_app(start)
    except BaseException:
        os.write(said, traceback.format_exc().encode())
        raise
    os.close(said)
    Carrier(channel, app, start.output_bytes).start()
    app.start()


def kernel_app(start: Start) -> Any:
    """The course kernel, on sockets in its own home."""
    from ipykernel.kernelapp import IPKernelApp

    from course.kernel.kernel import SlipwayKernel

    class SubmissionKernel(SlipwayKernel):
        """The course kernel, and one more question: what JSON is the value with this name?"""

        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.shell_handlers["value_request"] = self.value_request

        def value_request(self, stream: Any, ident: Any, parent: Any) -> None:
            shell: Any = self.shell
            session: Any = self.session
            content = value_of(shell.user_ns, str(parent["content"]["name"]))
            session.send(stream, "value_reply", content, parent, ident=ident)

    run = Path(start.home, ".kernel")
    run.mkdir(mode=0o700, exist_ok=True)
    app: Any = IPKernelApp.instance(
        kernel_class=SubmissionKernel,
        connection_file=str(run / "connection.json"),
        transport="ipc",
        ip=str(run / "socket"),
    )
    app.initialize(["--HistoryManager.enabled=False", "--log-level=CRITICAL"])
    return app


def value_of(space: dict[str, Any], name: str) -> dict[str, Any]:
    """A value as `{"there": bool, "json": text}`, or `{"there": true, "problem": words}` where it is not plain."""
    from grader.checks.questions.values import plain_json

    if space.get(name) is None or space[name] is ...:
        return {"there": False}
    try:
        return {"there": True, "json": plain_json(space[name]).decode()}
    except ValueError as error:
        return {"there": True, "problem": str(error)}


class Carrier(threading.Thread):
    """Carries requests from the outside to the kernel, and the kernel's messages back."""

    def __init__(self, channel: socket.socket, app: Any, most: int) -> None:
        super().__init__(name="slipway-carrier", daemon=True)
        self._channel, self._app, self._most = channel, app, most
        self._carried: dict[str, int] = {}

    def run(self) -> None:
        """Until the outside hangs up; then the kernel has nobody to work for."""
        import zmq
        from jupyter_client.session import Session

        app, context = self._app, zmq.Context()
        self._session = Session(key=app.session.key)
        self._shell, iopub = context.socket(zmq.DEALER), context.socket(zmq.SUB)
        iopub.setsockopt(zmq.SUBSCRIBE, b"")
        for each, port in ((self._shell, app.shell_port), (iopub, app.iopub_port)):
            each.setsockopt(zmq.LINGER, 0)
            each.connect(f"ipc://{app.ip}-{port}")
        poller = zmq.Poller()
        for one in (self._shell, iopub, self._channel):
            poller.register(one, zmq.POLLIN)
        # what a kernel says before its first subscriber is lost, so ask until it has said something
        self._session.send(self._shell, "kernel_info_request")
        ready = False
        while True:
            ready_now = dict(poller.poll(None if ready else 50))
            if iopub in ready_now:
                if not ready:
                    ready = True
                    self._send({"on": "kernel", "type": "ready", "parent": ""})
                self._carry("iopub", iopub.recv_multipart())
            if self._shell in ready_now:
                self._carry("shell", self._shell.recv_multipart())
            if not ready:
                self._session.send(self._shell, "kernel_info_request")
            if self._channel.fileno() in ready_now:
                try:
                    self._ask(json.loads(receive(self._channel)))
                except (EOFError, OSError):
                    os._exit(0)

    def _ask(self, asked: dict[str, Any]) -> None:
        if asked["do"] == "fetch":
            kind, content = "value_request", {"name": asked["name"]}
        else:
            kind = "execute_request"
            content = {"code": asked["code"], "silent": False, "store_history": True, "user_expressions": {}}
            content |= {"allow_stdin": False, "stop_on_error": False}
        message: Any = self._session.msg(kind, content)
        message["header"]["msg_id"] = message["msg_id"] = asked["id"]
        self._carried.clear()
        self._session.send(self._shell, message)

    def _carry(self, channel: str, parts: Any) -> None:
        _, parts = self._session.feed_identities(parts)
        message = self._session.deserialize(parts)
        kind, parent = message["header"]["msg_type"], message["parent_header"].get("msg_id", "")
        size = len(parts[4])
        if channel == "iopub":
            if kind in KEPT:
                spent = self._carried[parent] = self._carried.get(parent, 0) + size
                if spent > self._most:
                    return
            elif kind != "status":
                return
        self._send({"on": channel, "type": kind, "parent": parent, "content": message["content"]})

    def _send(self, content: dict[str, Any]) -> None:
        body = json.dumps(content, default=str).encode()  # ASCII: a lone surrogate is an escape, and does no harm
        self._channel.sendall(HEAD.pack(len(body)) + body)


def receive(channel: socket.socket) -> bytes:
    """One frame. Raises EOFError where the other side has hung up."""
    size = HEAD.unpack(_exactly(channel, HEAD.size))[0]
    return _exactly(channel, size)


def _exactly(channel: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = channel.recv(min(size - len(parts), 1 << 20))
        if not part:
            raise EOFError("the outside has hung up")
        parts += part
    return bytes(parts)


if __name__ == "__main__":
    with contextlib.suppress(EOFError):
        main(int(sys.argv[1]))
