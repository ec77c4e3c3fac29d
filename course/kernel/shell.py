"""The shell of the kernel: errors of docker-py, and known wrong turns, as the course's three lines."""

from __future__ import annotations

import html
import re
from typing import Any

from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.display import display

from course.kernel import wrong_turns

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class SlipwayShell(ZMQInteractiveShell):
    """An IPython shell that shows what to try in place of a traceback, and the traceback folded below.

    The cell still ends with the same error: Run All stops, and nbclient and nbgrader see it by its name and text.
    """

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        lines = None if hasattr(evalue, "_render_traceback_") else wrong_turns.told(evalue, self)
        super()._showtraceback(etype, evalue, [etype.__name__, *lines] if lines else stb)  # type: ignore[no-untyped-call]
        if lines:
            text = _COLOUR.sub("", "\n".join(stb))
            page = f"<details><summary>The whole traceback</summary><pre>{html.escape(text)}</pre></details>"
            display({"text/plain": f"The whole traceback:\n{text}", "text/html": page}, raw=True)
