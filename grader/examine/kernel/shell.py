"""IPython without a kernel around it: a cell ends as in a notebook, and what it shows is kept as notebook outputs.

nbgrader gives points by a cell's outputs, so they must be what ipykernel would have sent: text in the order in which it
was printed, the last expression as `execute_result`, an error with IPython's traceback.
"""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

CUT = "\n… the rest of the output was left out\n"


class Outputs:
    """The outputs of one cell, as nbformat 4 has them; text beyond the cap is left out.

    Args:
        most: characters of all outputs together.
    """

    def __init__(self, most: int) -> None:
        self.kept: list[dict[str, Any]] = []
        self._left = most

    def print(self, name: str, text: str) -> None:
        """Add printed text; what follows text of the same stream becomes one output with it."""
        if self._left <= 0 or not text:
            return
        kept = text[: self._left]
        self._left -= len(kept)
        if self._left <= 0:
            kept += CUT
        last = self.kept[-1] if self.kept else {}
        if last.get("output_type") == "stream" and last["name"] == name:
            last["text"] += kept
        else:
            self.kept.append({"output_type": "stream", "name": name, "text": kept})

    def show(self, kind: str, data: dict[str, Any], metadata: dict[str, Any], **further: Any) -> None:
        """Add what was displayed, or a cell's value."""
        self.kept.append({"output_type": kind, "data": data, "metadata": metadata, **further})

    def fail(self, ename: str, evalue: str, traceback: list[str]) -> None:
        """Add an error."""
        self.kept.append({"output_type": "error", "ename": ename, "evalue": evalue, "traceback": traceback})


class _Stream(io.TextIOBase):
    def __init__(self, name: str, outputs: Outputs) -> None:
        super().__init__()
        self._name, self._outputs = name, outputs

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._outputs.print(self._name, text)
        return len(text)


class _Value(DisplayHook):
    """Keeps the value of a cell's last expression."""

    shell: Any

    def quiet(self) -> bool:
        """A semicolon at the end keeps the value to itself; without a history the shell must say what ran."""
        return bool(self.semicolon_at_end_of_expression(self.shell.running))  # type: ignore[no-untyped-call]  # IPython's

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None) -> None:
        self.shell.outputs.show("execute_result", format_dict, md_dict or {}, execution_count=None)

    def finish_displayhook(self) -> None:
        pass

    def log_output(self, format_dict: dict[str, Any]) -> None:
        pass

    def update_user_ns(self, result: Any) -> None:
        pass

    def fill_exec_result(self, result: Any) -> None:
        pass


class _Display(DisplayPublisher):
    """Keeps what `display` shows."""

    shell: Any

    def publish(self, data: Any, metadata: Any = None, source: Any = None, **_: Any) -> None:
        self.shell.outputs.show("display_data", data, metadata or {})


class GradingShell(InteractiveShell):
    """Runs cells and keeps their outputs; reads no profile, no start-up file, and writes no history."""

    displayhook_class = Type(_Value)
    display_pub_class = Type(_Display)

    def __init__(self, folder: str) -> None:
        self.outputs = Outputs(1_000_000)
        self.failure: tuple[str, str] | None = None
        self.running = ""
        config = Config({"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor"}})
        super().__init__(config=config, ipython_dir=folder)  # type: ignore[no-untyped-call]  # IPython's own

    def enable_gui(self, gui: str | None = None) -> None:
        """There is no screen."""

    def run_graded(self, source: str, most_output: int) -> tuple[list[dict[str, Any]], str, str]:
        """Run a cell; its outputs, and the name and text of the error that ended it ("" for none)."""
        self.outputs, self.failure, self.running = Outputs(most_output), None, source
        with redirect_stdout(_Stream("stdout", self.outputs)), redirect_stderr(_Stream("stderr", self.outputs)):
            result = self.run_cell(source, store_history=False)  # type: ignore[no-untyped-call]  # the same
            sys.stdout.flush()
        error = result.error_before_exec or result.error_in_exec
        if error is not None and self.failure is None:
            self.failure = (type(error).__name__, str(error))
            self.outputs.fail(*self.failure, [f"{type(error).__name__}: {error}"])
        return (self.outputs.kept, *(self.failure or ("", "")))

    def _showtraceback(self, etype: type[BaseException], evalue: BaseException, stb: Any) -> None:
        lines = stb if isinstance(stb, list) else [str(stb)]
        name = etype.__name__ if isinstance(etype, type) else str(etype)
        self.failure = (name, str(evalue))
        self.outputs.fail(*self.failure, [str(line) for line in lines])
