"""The submission kernel: a learner's cells, run where they can reach their session, their files, and nothing else."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import socket
import struct
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from grader.examine.errors import ExamineError
from grader.examine.folder import read_folder
from grader.examine.sandbox import house, inside, messages, reach, seccomp, view
from grader.examine.sandbox.channel import HEAD, Broken, Channel

if TYPE_CHECKING:
    from course.gateway import Session
    from grader.examine.job import Budgets

START_SECONDS = 60.0
BLOCK = 4096  # what a file takes in memory is a multiple of it
GRACE_SECONDS = 5.0
"""How long a cell that was interrupted has to come back before the kernel is ended; it may stop containers first."""
FETCH_SECONDS = 10.0
IDLE_SECONDS = 4.0
"""How long after its reply a kernel may take to say that it is idle; in a flood that message may get lost."""
FLOOD_FACTOR = 8
"""A cell may send so many times its output before the kernel is ended; what an honest one sends is cut inside."""
FRAME_EXTRA = 1 << 16  # bytes of a message beside an output
CREDENTIALS = struct.Struct("3i")  # pid, uid, gid (unix(7))
_PROBLEM = re.compile(r"large|an? [A-Za-z_][A-Za-z0-9_.]{0,60}", re.ASCII)

Status = Literal["ok", "error", "timed_out", "out_of_memory", "died"]


@dataclass(frozen=True)
class CellRun:
    """What one cell did.

    Args:
        outputs: as nbformat 4 keeps them, cut at the budget.
        status: how it ended. After `died`, and often after `out_of_memory`, the kernel is gone.
        ename: the name of the error, "" for none.
        evalue: its words; where the kernel is gone, why.
    """

    outputs: list[dict[str, Any]] = field(default_factory=list)
    status: Status = "ok"
    ename: str = ""
    evalue: str = ""


class SubmissionKernel:
    """A course kernel in a sandbox, for one submission; a context manager. `repr` tells its state.

    `weaker` says in a sentence what cells cannot do here, though they should; "" for nothing. It is a
    `grader.checks.bench.Values`.

    Args:
        folder_files: the learner's folder, relative POSIX path to content.
        session: the session that the cells use.
        budgets: what they may use.
        student: the learner's id, which chooses the values that differ between learners.
        lesson: the name of the folder that the cells run in; "" for that of the notebook in it.
        machines: further sessions of the same learner by name; None opens those that a file asks for by
            `machine("NAME")`, because nothing inside can open one.
        trusted: run the cells as an ordinary process of this user, which can read and do whatever this user can. Only
            for work that is trusted; whoever grades has to say so.
        within: what all sandboxes share; None for what this process has.

    Raises (on entering):
        NotIsolated: no sandbox can be made here, and the work is not trusted.
        ExamineError: the kernel did not start.
    """

    def __init__(
        self,
        folder_files: Mapping[str, bytes],
        session: Session,
        budgets: Budgets,
        student: str,
        *,
        lesson: str = "",
        machines: Mapping[str, Session] | None = None,
        trusted: bool = False,
        within: house.House | None = None,
    ) -> None:
        self._files, self._session, self._budgets, self._student = dict(folder_files), session, budgets, student
        names = [Path(path).stem for path in self._files if path.endswith(".ipynb") and "/" not in path]
        self._lesson = lesson or (names[0] if len(names) == 1 else "submission")
        self._machines, self._trusted = machines, trusted
        self._house = within or house.shared()
        self._over = contextlib.ExitStack()
        self._why = "it was not started"
        self._frozen = False
        self._shown: dict[str, bytes] = {}
        self.weaker = ""
        self.skipped: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<SubmissionKernel {self._lesson} of {self._student!r}: {self._why or 'alive'}>"

    def __enter__(self) -> SubmissionKernel:
        try:
            self._start()
        except BaseException:
            self._over.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end("it has ended")
        self._over.close()

    @property
    def alive(self) -> bool:
        """Whether a cell can still run."""
        return not self._why

    @property
    def pid(self) -> int:
        """The kernel's process, as this machine counts."""
        return self._pid

    @property
    def folder(self) -> Path:
        """A copy, outside, of the files that the cells left: regular files only, as of now.

        It is brought up to date each time that it is asked for, also after the kernel has died.
        """
        files, self.skipped = read_folder(Path(f"/proc/self/fd/{self._inner_folder}"))
        for path in self._shown.keys() - files.keys():
            (self._outside / path).unlink()
            for above in Path(path).parents[:-1]:
                with contextlib.suppress(OSError):  # it holds something else
                    (self._outside / above).rmdir()
        for path, content in files.items():
            if self._shown.get(path) != content:
                (self._outside / path).parent.mkdir(parents=True, exist_ok=True)
                (self._outside / path).write_bytes(content)
        self._shown = files
        return self._outside

    def run(self, source: str, seconds: float) -> CellRun:
        """Run one cell to its end.

        One that takes longer is interrupted, as with the button of the notebook; when it does not come back within
        `GRACE_SECONDS`, the kernel is ended.

        Args:
            source: the cell's source; magics work.
            seconds: how long it may take.
        """
        if not self.alive:
            return CellRun(status="died", evalue=self._why)
        asked = secrets.token_hex(16)
        outputs = messages.Outputs(self._budgets.output_bytes)
        late = False
        deadline = time.monotonic() + seconds
        try:
            self._ask({"do": "run", "id": asked, "code": source}, deadline)
            try:
                reply = self._finish(asked, outputs, deadline)
            except TimeoutError:
                late = True
                self._interrupt()
                reply = self._finish(asked, outputs, time.monotonic() + GRACE_SECONDS)
        except TimeoutError:
            self._end(f"it did not stop when its {seconds:g} s were over")
            return CellRun(outputs.kept(), "timed_out", evalue=self._why)
        except Broken as broken:
            status: Status = "timed_out" if late else "died"
            why = str(broken)
            if self._place.fence.killed_for_memory():
                status, why = "out_of_memory", "it used more memory than it may, and was ended"
            self._end(why)
            return CellRun(outputs.kept(), status, evalue=self._why)
        name, words = _cut(reply.ename, messages.LONGEST_NAME), _cut(reply.evalue, messages.LONGEST_WORDS)
        if late:
            return CellRun(outputs.kept(), "timed_out", name, f"interrupted after {seconds:g} s")
        if reply.status == "ok":
            return CellRun(outputs.kept())
        return CellRun(outputs.kept(), "out_of_memory" if name == "MemoryError" else "error", name, words)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """For the block nothing runs in the sandbox, but what `fetch` asks while it asks.

        A sandbox that cannot be stopped is ended.
        """
        self._freeze()
        try:
            yield
        finally:
            self._thaw()

    def fetch(self, name: str) -> bytes | None:
        """A value of the learner's as JSON text; None where there is none of that name.

        Raises:
            ValueError: there is one and it is no plain JSON, or too long ("large"), or it took too long to tell.
        """
        if not self.alive:
            return None
        was_frozen = self._frozen
        self._thaw()
        try:
            return self._fetch(name)
        finally:
            if was_frozen:
                self._freeze()

    def _freeze(self) -> None:
        if self.alive:
            self._frozen = self._place.freeze()
            if not self._frozen:
                self._end("it could not be stopped while its work was checked")

    def _thaw(self) -> None:
        if self._frozen:
            self._frozen = False
            self._place.thaw()

    def _fetch(self, name: str) -> bytes | None:
        asked, deadline = secrets.token_hex(16), time.monotonic() + FETCH_SECONDS
        try:
            self._ask({"do": "fetch", "id": asked, "name": name}, deadline)
            try:
                answer = self._await(asked, "value_reply", messages.Value, messages.Outputs(0), deadline)
            except TimeoutError:
                self._interrupt()
                self._await(asked, "value_reply", messages.Value, messages.Outputs(0), time.monotonic() + GRACE_SECONDS)
                raise ValueError("a value that takes too long to tell") from None
        except (TimeoutError, Broken) as error:
            self._end(f"it did not tell the value {name}: {error}")
            raise ValueError("a value that takes too long to tell") from error
        if not answer.there:
            return None
        if answer.json is None:
            raise ValueError(answer.problem if _PROBLEM.fullmatch(answer.problem) else "not plain")
        text: bytes = answer.json.encode()
        if len(text) > self._budgets.value_bytes:
            raise ValueError("large")
        value = messages.read(text, Any)
        if (value is None and text.strip() != b"null") or not messages.is_shallow(value):
            raise ValueError("not plain")
        return text

    # ---- starting

    def _start(self) -> None:
        scratch = Path(self._over.enter_context(tempfile.TemporaryDirectory(dir=self._house.scratch)))
        self._outside = scratch / "folder"
        self._outside.mkdir()
        uid = reach.nobody(self._session.id) if os.geteuid() == 0 and not self._trusted else 0
        machines = self._machines if self._machines is not None else reach.machines(self._files, self._session)
        sockets, variables = reach.sockets(
            {"": self._session, **machines}, self._student, uid, inside=not self._trusted
        )
        home = scratch / "home" if self._trusted else Path(view.HOME)
        variables = view.environment(variables)
        if self._trusted:
            from course.manifest import notebooks_dir

            own = {"HOME": str(home), "TMPDIR": str(scratch / "tmp"), "SLIPWAY_NOTEBOOKS": str(notebooks_dir())}
            state = {"SLIPWAY_STATE_DIR": str(home / "state"), "SLIPWAY_RUNTIME_DIR": str(home / "run")}
            variables |= own | state
        room = sum(-(-len(content) // BLOCK) * BLOCK for content in self._files.values())
        self._place = self._house.place(sockets, variables, self._budgets, uid, room=room, trusted=self._trusted)
        self._over.callback(self._place.end)
        start = inside.Start(
            uid=uid,
            folder=str(home / "lessons" / self._lesson),
            files=self._files,
            variables=variables,
            limits=self._limits(),
            seccomp=b"" if self._trusted else seccomp.program(),
            output_bytes=self._budgets.output_bytes,
        )
        try:
            self._meet(self._place.ours, start, time.monotonic() + START_SECONDS)
        except (OSError, Broken) as error:  # TimeoutError is one
            self._place.end()
            raise ExamineError(
                "a kernel in the sandbox", self._place.said or str(error), "`grader doctor` says what is missing"
            ) from error
        self._why = ""
        if not self._trusted:
            self._open_ports()

    def _limits(self) -> dict[str, int]:
        """For each process, beside the fence around all of them."""
        return {
            "RLIMIT_DATA": self._budgets.memory_bytes,
            "RLIMIT_FSIZE": self._budgets.disk_bytes,
            "RLIMIT_NPROC": self._budgets.processes,
            "RLIMIT_CORE": 0,
            "RLIMIT_NOFILE": 1024,
            "RLIMIT_CPU": int(self._budgets.notebook_seconds) + 60,
        }

    def _open_ports(self) -> None:
        """Let the session's published ports answer on 127.0.0.1 inside; `weaker` says where that is not to be had."""
        from course.gateway import Client
        from course.gateway.errors import GatewayError, GatewayLost, NoSession

        try:
            Client(self._session.engine or None).open_ports_in(self._session.id, self._place.first)
        except (NoSession, GatewayLost):
            raise
        except GatewayError as error:
            self.weaker = f"published ports do not answer in the sandbox: {error.observed}"

    def _meet(self, ours: socket.socket, start: inside.Start, deadline: float) -> None:
        """Say what to run, put the kernel behind its fence, and wait until it is ready."""
        ours.settimeout(max(deadline - time.monotonic(), 0.1))
        body = msgspec.msgpack.encode(start)
        ours.sendall(HEAD.pack(len(body)) + body)
        data, ancillary, _, _ = ours.recvmsg(1100, socket.CMSG_SPACE(CREDENTIALS.size) + socket.CMSG_SPACE(4))
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                self._inner_folder = struct.unpack("i", content[:4])[0]
                self._over.callback(os.close, self._inner_folder)
            elif (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                self._pid: int = CREDENTIALS.unpack(content)[0]
        if data != inside.READY:
            raise Broken(data[1:].decode("utf-8", "replace") or "it hung up before it was ready")
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)  # and no later message carries descriptors
        self._pidfd = os.pidfd_open(self._pid)
        self._over.callback(os.close, self._pidfd)
        self._place.fence.add(self._pid)
        ours.sendall(inside.GO)
        self._channel = Channel(ours, self._budgets.output_bytes + FRAME_EXTRA)
        while True:
            message = messages.read(self._channel.receive(deadline), messages.Message)
            if message is not None and message.on == "kernel":
                if message.type != "ready":
                    raise Broken(message.parent)
                return

    # ---- talking

    def _ask(self, asked: dict[str, str], deadline: float) -> None:
        self._heard = 0
        self._channel.send(msgspec.json.encode(asked), deadline)

    def _finish(self, asked: str, outputs: messages.Outputs, deadline: float) -> messages.Reply:
        reply: messages.Reply = self._await(asked, "execute_reply", messages.Reply, outputs, deadline)
        return reply

    def _await(self, asked: str, kind: str, of: type[Any], outputs: messages.Outputs, deadline: float) -> Any:
        """Read until the request has its reply and the kernel is idle again; keep what it printed meanwhile."""
        reply, idle = None, False
        while reply is None or not idle:
            try:
                body = self._channel.receive(deadline)
            except TimeoutError:
                if reply is not None:
                    break
                raise
            self._heard += len(body)
            if self._heard > FLOOD_FACTOR * self._budgets.output_bytes:
                raise Broken(f"it sent more than {FLOOD_FACTOR} times the output of a cell")
            message = messages.read(body, messages.Message)
            if message is None or message.parent != asked:
                continue
            if message.on == "shell" and message.type == kind:
                reply = messages.read(message.content, of)
                deadline = min(deadline, time.monotonic() + IDLE_SECONDS)
            elif message.on == "iopub" and message.type == "status":
                status = messages.read(message.content, messages.Status)
                idle = idle or (status is not None and status.execution_state == "idle")
            elif message.on == "iopub":
                outputs.take(message.type, message.content)
        return reply

    def _interrupt(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGINT)

    # ---- ending

    def _end(self, why: str) -> None:
        """End every process of the sandbox."""
        if self._why:
            return
        self._why = why
        self._channel.close()
        self._place.end()


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
