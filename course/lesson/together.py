"""Whether a cell runs by itself, or as one of several: Run All, or a selection of cells."""

from __future__ import annotations

import time

TOGETHER_SECONDS = 1.0
"""A cell that begins this soon after the one before was not chosen by a person who had read what that one showed."""


class Together:
    """The time between two cells, where a person sees them.

    Front ends send the cells of Run All at once, or each when the one before has ended. nbclient names no cell: there
    nobody chooses, and every cell counts as one that runs by itself.
    """

    def __init__(self) -> None:
        self._ended = float("-inf")
        self._follows = False

    def begin(self, *_: object) -> None:
        """A cell begins."""
        self._follows = time.monotonic() - self._ended < TOGETHER_SECONDS

    def end(self, *_: object) -> None:
        """A cell has ended."""
        self._ended = time.monotonic()

    @property
    def follows(self) -> bool:
        """Whether the running cell is one of several."""
        from course.widgets.cells import running_cell

        cell = running_cell()
        return self._follows and cell is not None and cell.id is not None


TOGETHER = Together()
"""The one of this process."""
