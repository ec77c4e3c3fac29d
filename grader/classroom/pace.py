"""How many submissions are examined at once: as many as the machine and its engines can take."""

from __future__ import annotations

from collections.abc import Callable

import psutil

MEMORY_EACH = 400 * 1024**2  # what one more submission may need at once: its kernel, and a container or two


def free_memory() -> int:
    """Bytes that could be had without swapping."""
    return int(psutil.virtual_memory().available)


class Pace:
    """Additive increase, multiplicative decrease, as TCP keeps to what a network can take (RFC 5681).

    A fault (an engine that died or did not answer, a worker that was lost) halves the number that is examined at once;
    every examination without one lets it grow by a fraction, up to what there are workers for. Where memory is short,
    nothing new starts until something has ended.

    Args:
        most: the number of workers; it may be changed when workers come and go.
        free: gives the free memory in bytes; 0 and less is never asked of other machines, so None there.
    """

    def __init__(self, most: int, free: Callable[[], int] | None = free_memory) -> None:
        self.most = max(1, most)
        self._limit = float(self.most)
        self._free = free

    def __repr__(self) -> str:
        return f"<Pace {self.limit} of {self.most}>"

    @property
    def limit(self) -> int:
        """How many may be examined at once now."""
        return max(1, min(self.most, int(self._limit)))

    def has_room(self, in_flight: int) -> bool:
        """Whether one more may start; one may always."""
        if in_flight == 0:
            return True
        return in_flight < self.limit and (self._free is None or self._free() > MEMORY_EACH)

    def went_well(self) -> None:
        """An examination came back, whatever the marks."""
        self._limit = min(float(self.most), self._limit + 1 / max(1.0, self._limit))

    def went_wrong(self) -> None:
        """A worker or an engine failed."""
        self._limit = max(1.0, self._limit / 2)
