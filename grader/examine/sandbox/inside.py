"""What runs inside the sandbox: a course kernel, and a thread that carries its messages over one socket.

This file is the only one of `grader.examine` that a submission can see. It needs nothing else of it, and what it does
is not trusted once a learner's cell has run: the outside checks and caps whatever comes over the socket.

    python -P inside.py FD          be the kernel at the other end of that socket
    python -P inside.py --warm FD   wait, with everything imported, and fork such kernels into places that are ready

A frame is its length (4 bytes, big end first) and JSON; the first one, from outside, is msgpack (`Start`).
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import gc
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

import msgspec

HEAD = struct.Struct(">I")
READY, FAILED, GO = b"+", b"-", b"g"
LONGEST_WORDS = 4000  # characters of an error's name and message
KEPT = ("stream", "display_data", "execute_result", "update_display_data", "error", "clear_output")
WARM = (  # what a kernel and the cells of a lesson import
    "ipykernel.debugger",
    "ipykernel.kernelapp",
    "jupyter_client.session",
    "course.gateway.client",
    "course.kernel.kernel",
    "course.kernel.long_calls",
    "course.kernel.magics",
    "course.kernel.dockerfile",
    "course.lesson.belongings",
    "course.lesson.current",
    "course.session.machines",
    "course.lesson.reset",
    "course.session.client",
    "course.lesson.setup",
    "course.lesson.questions",
    "course.progress",
    "course.widgets.engine_picture",
    "course.widgets.fleet_picture",
    "course.widgets.layers_picture",
    "course.widgets.lifecycle_picture",
    "course.widgets.machines_picture",
    "course.widgets.question_picture",
    "course.widgets.work_picture",
    "docker",
    "grader.checks",
    "grader.checks.questions.values",
    "IPython.core.completer",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "pygments.formatters.terminal256",
    "pygments.lexers.python",
    "stack_data",
    "tornado.platform.asyncio",
    "zmq.backend.cython",
)
_FILTER = 2  # SECCOMP_MODE_FILTER
_PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 4, 22, 36, 38  # linux/prctl.h
_LIBC = ctypes.CDLL(None, use_errno=True)


class Start(msgspec.Struct):
    """What the outside says first.

    Args:
        uid: who runs the cells; 0 keeps the user that this process is.
        folder: where the cells run, made here.
        files: of that folder: relative POSIX path to content.
        variables: the environment, whole.
        limits: names of `resource`, with the most.
        seccomp: the filter of system calls, as the kernel takes it; empty for none.
        output_bytes: how much of one cell's messages is carried on.
    """

    uid: int
    folder: str
    files: dict[str, bytes]
    variables: dict[str, str]
    limits: dict[str, int]
    seccomp: bytes
    output_bytes: int


def serve(channel: socket.socket) -> None:
    """Make the place ready, say so, wait for leave, and run the kernel until it ends."""
    try:
        start = msgspec.msgpack.decode(receive(channel), type=Start)
        prepare(start)
        folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    except BaseException:
        channel.sendall(FAILED + traceback.format_exc()[-1000:].encode())
        raise
    # the kernel of Linux adds who sends this; the outside then sets its limits, and gives leave
    channel.sendmsg([READY], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [folder]))])
    os.close(folder)
    if channel.recv(1) != GO:
        return
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    try:
        app = kernel_app(start)
    except BaseException:
        send(channel, {"on": "kernel", "type": "failed", "parent": traceback.format_exc()[-1000:]})
        raise
    Carrier(channel, app, start.output_bytes).start()
    app.start()


def prepare(start: Start) -> None:
    """Take the learner's user, environment and limits, and write the files."""
    os.environ.clear()
    os.environ.update(start.variables)
    if start.uid:
        os.setgroups([])
        os.setresgid(start.uid, start.uid, start.uid)
        os.setresuid(start.uid, start.uid, start.uid)
        _prctl(_PR_SET_DUMPABLE, 1)  # else its own /proc/self would belong to root
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    os.umask(0o022)
    for place in (Path(os.environ["HOME"]), Path(os.environ["TMPDIR"]).resolve(), Path(start.folder)):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path, content in start.files.items():
        target = Path(start.folder, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    os.chdir(start.folder)
    for name, most in start.limits.items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))
    if start.seccomp:
        _filter_calls(start.seccomp)


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

    run = Path(os.environ["HOME"], ".kernel")
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
    except BaseException:  # whatever a learner's class does, an interrupt too
        return {"there": True, "problem": "not plain"}


class Carrier(threading.Thread):
    """Carries requests from the outside to the kernel, and the kernel's messages back."""

    def __init__(self, channel: socket.socket, app: Any, most: int) -> None:
        super().__init__(name="slipway-carrier", daemon=True)
        self._channel, self._app, self._most = channel, app, most
        self._carried = 0

    def run(self) -> None:
        """Until the outside hangs up; then the kernel has nobody to work for."""
        import zmq
        from jupyter_client.session import Session

        app, context = self._app, zmq.Context()
        self._session = Session(key=app.session.key)
        self._shell, iopub = context.socket(zmq.DEALER), context.socket(zmq.SUB)
        iopub.setsockopt(zmq.SUBSCRIBE, b"")
        iopub.setsockopt(zmq.RCVHWM, 0)  # nothing is dropped while this thread has to wait; memory has a limit
        for each, port in ((self._shell, app.shell_port), (iopub, app.iopub_port)):
            each.setsockopt(zmq.LINGER, 0)
            each.connect(f"ipc://{app.ip}-{port}")
        poller = zmq.Poller()
        for one in (self._shell, iopub, self._channel):
            poller.register(one, zmq.POLLIN)
        ready = False
        while True:
            if not ready:  # what a kernel says before it has a subscriber is lost, so ask until something is heard
                self._session.send(self._shell, "kernel_info_request")
            there = dict(poller.poll(None if ready else 50))
            if iopub in there:
                if not ready:
                    ready = True
                    send(self._channel, {"on": "kernel", "type": "ready", "parent": ""})
                self._carry("iopub", iopub.recv_multipart())
            if self._shell in there:
                self._carry("shell", self._shell.recv_multipart())
            if self._channel.fileno() in there:
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
        self._carried = 0
        self._session.send(self._shell, message)

    def _carry(self, channel: str, parts: Any) -> None:
        _, parts = self._session.feed_identities(parts)
        message = self._session.deserialize(parts)
        kind, parent = message["header"]["msg_type"], message["parent_header"].get("msg_id", "")
        if channel == "iopub":
            if kind in KEPT:
                self._carried += len(parts[4])
                if self._carried > self._most:
                    # one that is too much is passed on without its content, so that the outside can say so
                    if self._carried - len(parts[4]) <= self._most:
                        send(self._channel, {"on": channel, "type": "cut", "parent": parent})
                    return
            elif kind != "status":
                return
        content = message["content"]
        if kind == "execute_reply":  # its traceback is an output too, and comes as one
            content = {name: content[name] for name in ("status", "ename", "evalue") if name in content}
            content = {name: str(text)[:LONGEST_WORDS] for name, text in content.items()}
        send(self._channel, {"on": channel, "type": kind, "parent": parent, "content": content})


def warm(control: socket.socket) -> None:
    """Import what kernels need; then, for each message, fork one into the namespaces that come with it.

    Nothing of a submission ever gets here: it goes over the socket that is among the descriptors, to the fork.
    """
    from course.manifest import ManifestError, load

    for name in WARM:
        __import__(name)
    with contextlib.suppress(ManifestError):  # reported to whoever asks for it
        load()  # the forks find its files parsed
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    gc.collect()
    gc.freeze()  # pages that the collector does not write to stay shared with the forks
    control.send(READY)
    control.setblocking(False)
    poller = select.poll()
    poller.register(control, select.POLLIN)
    poller.register(woken, select.POLLIN)
    while True:
        poller.poll()
        with contextlib.suppress(BlockingIOError):
            os.read(woken, 4096)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        try:
            said, descriptors, _, _ = socket.recv_fds(control, 1, 16)
        except BlockingIOError:
            continue
        if not said:
            return
        if os.fork() == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _enter(descriptors)
        for each in descriptors:
            os.close(each)


def _enter(descriptors: list[int]) -> None:
    """Enter the namespaces, fork once more to be in that of processes too, and be the kernel there."""
    try:
        channel, *namespaces = descriptors
        try:
            for one in namespaces:
                if _LIBC.setns(one, 0) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            if os.fork() != 0:
                os._exit(0)
        except BaseException:
            socket.socket(fileno=channel).sendall(FAILED + traceback.format_exc()[-1000:].encode())
            raise
        os.setsid()
        os.dup2(channel, 3, inheritable=False)
        os.closerange(4, 1 << 16)
        serve(socket.socket(fileno=3))
    finally:
        os._exit(1)


def _filter_calls(program: bytes) -> None:
    """Let Linux refuse system calls from here on (seccomp(2))."""

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))

    told = Program(len(program) // 8, program)
    _prctl(_PR_SET_SECCOMP, _FILTER, ctypes.addressof(told))


def _prctl(*arguments: int) -> None:
    words = [ctypes.c_ulong(one) for one in (*arguments, 0, 0, 0, 0)[:5]]
    if _LIBC.prctl(*words) != 0:
        raise OSError(ctypes.get_errno(), f"prctl{arguments}")


def send(channel: socket.socket, content: dict[str, Any]) -> None:
    """Send one frame; the thread of the carrier is the only sender."""
    # half of a character that is two in UTF-16 cannot be written as UTF-8: it becomes a question mark
    body = json.dumps(content, default=str, ensure_ascii=False).encode("utf-8", "replace")
    channel.sendall(HEAD.pack(len(body)) + body)


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
        if sys.argv[1] == "--warm":
            warm(socket.socket(fileno=int(sys.argv[2])))
        else:
            os.set_inheritable(int(sys.argv[1]), False)  # what a cell starts does not get it
            serve(socket.socket(fileno=int(sys.argv[1])))
