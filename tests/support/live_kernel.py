"""A real course kernel for tests: run cells, see every output, interrupt one, restart."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from jupyter_client.manager import KernelManager, start_new_kernel

CELL_SECONDS = 120


@dataclass
class Ran:
    """What one cell did: its printed text, its displays (updates in place counted), its value, its error."""

    ok: bool = False
    stdout: str = ""
    stderr: str = ""
    displays: list[dict[str, Any]] = field(default_factory=list)
    updates: int = 0
    value: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    shown_error: str = ""


class LiveKernel:
    """A kernel of this installation, in a folder, with further environment variables. A context manager."""

    def __init__(self, folder: Path, env: Mapping[str, str | None], name: str = "slipway") -> None:
        changed = {**os.environ, **env}
        self._env = {key: value for key, value in changed.items() if value is not None}
        self._folder, self._name = folder, name

    def __enter__(self) -> LiveKernel:
        self.manager: KernelManager
        self.manager, self._client = start_new_kernel(kernel_name=self._name, cwd=str(self._folder), env=self._env)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()

    def restart(self) -> None:
        """What the button of the front end does."""
        self.manager.restart_kernel(now=True)
        self._client.wait_for_ready(timeout=60)

    def run(self, code: str, cell_id: str | None = None) -> Ran:
        """Run one cell to its end. With an id, as a front end does in which a person sees it; else as nbclient does."""
        ran = Ran()
        self._client.session.metadata = {"cellId": cell_id} if cell_id else {}

        def keep(message: dict[str, Any]) -> None:
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                setattr(ran, content["name"], getattr(ran, content["name"]) + content["text"])
            elif kind == "display_data":
                ran.displays.append(content["data"])
            elif kind == "update_display_data":
                ran.displays[-1] = content["data"]
                ran.updates += 1
            elif kind == "execute_result":
                ran.result, ran.value = content["data"], content["data"]["text/plain"]
            elif kind == "error":
                ran.error, ran.shown_error = content["ename"], "\n".join(content["traceback"])

        reply = self._client.execute_interactive(code, timeout=CELL_SECONDS, output_hook=keep, allow_stdin=False)
        ran.ok = reply["content"]["status"] == "ok"
        return ran

    def must(self, code: str, cell_id: str | None = None) -> Ran:
        """Run one cell that has to succeed."""
        ran = self.run(code, cell_id)
        assert ran.ok, ran.shown_error
        return ran

    def interrupted(self, code: str, when: Callable[[], bool], cell_id: str | None = None) -> Ran:
        """Run one cell, and interrupt it as soon as `when` is true."""

        with ThreadPoolExecutor(1) as pool:

            def interrupt() -> None:
                wait_until(lambda: when() or ended.is_set())
                if not ended.is_set():
                    # as the manager does; its own method would leave an event loop behind in this thread
                    os.killpg(self.manager.provisioner.pgid, signal.SIGINT)

            ended = threading.Event()
            watching = pool.submit(interrupt)
            try:
                return self.run(code, cell_id)
            finally:
                ended.set()
                watching.result()


def wait_until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    """Poll until something is true; fail after a deadline."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not true within {seconds} s"
        time.sleep(0.05)
