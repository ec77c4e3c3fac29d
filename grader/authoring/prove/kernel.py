"""One warm kernel that runs many answers in turn, because starting a kernel costs as much as two containers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from course.notebooks import KERNEL

if TYPE_CHECKING:
    from jupyter_client.blocking.client import BlockingKernelClient
    from jupyter_client.manager import KernelManager

READY_SECONDS = 60.0
CELL_SECONDS = 120.0


@dataclass(frozen=True)
class CellRun:
    """What one cell did: its printed text, and the error that ended it, if one did."""

    stdout: str
    error: str = ""
    traceback: str = ""

    @property
    def ok(self) -> bool:
        return not self.error


class WarmKernel:
    """A kernel that stays alive between answers; use it as a context manager.

    Args:
        folder: where the cells run.
        env: what to add to the environment of the kernel.
        name: the kernelspec.
    """

    def __init__(self, folder: Path, env: Mapping[str, str], name: str = KERNEL) -> None:
        self._folder = folder
        self._env = {**os.environ, **env}
        self._name = name
        self._manager: KernelManager | None = None
        self._client: BlockingKernelClient | None = None

    def __enter__(self) -> WarmKernel:
        from jupyter_client.manager import KernelManager

        self._manager = KernelManager(kernel_name=self._name)
        self._manager.start_kernel(cwd=str(self._folder), env=self._env)
        self._client = self._manager.blocking_client()
        self._client.start_channels()
        try:
            self._client.wait_for_ready(timeout=READY_SECONDS)
        except RuntimeError:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "alive" if self._manager is not None and self._manager.is_alive() else "not running"
        return f"<WarmKernel {self._name} in {self._folder.name}: {state}>"

    def close(self) -> None:
        """End the kernel."""
        if self._client is not None:
            self._client.stop_channels()
        if self._manager is not None:
            self._manager.shutdown_kernel()
            self._manager.cleanup_resources()

    def run(self, source: str, seconds: float = CELL_SECONDS) -> CellRun:
        """Run one cell to its end, or interrupt it when its time is up.

        Raises:
            TimeoutError: the kernel does not come back after the interrupt.
        """
        assert self._client is not None, "the kernel runs only inside the with block"
        printed: list[str] = []
        errors: list[dict[str, Any]] = []

        def keep(message: dict[str, Any]) -> None:
            content = message["content"]
            if message["msg_type"] == "stream":
                printed.append(content["text"])
            elif message["msg_type"] == "error":
                errors.append(content)

        try:
            reply = self._client.execute_interactive(source, timeout=seconds, output_hook=keep, allow_stdin=False)
        except TimeoutError:
            self._interrupt()
            return CellRun("".join(printed), f"TimeoutError: still running after {seconds:g} s, interrupted")
        if reply["content"]["status"] == "ok":
            return CellRun("".join(printed))
        last = errors[-1] if errors else reply["content"]
        return CellRun("".join(printed), f"{last['ename']}: {last['evalue']}", "\n".join(last.get("traceback", ())))

    def _interrupt(self) -> None:
        """Interrupt the running cell, and wait until the kernel takes the next one."""
        assert self._manager is not None and self._client is not None
        self._manager.interrupt_kernel()
        self._client.execute_interactive("pass", timeout=READY_SECONDS, output_hook=lambda message: None)
