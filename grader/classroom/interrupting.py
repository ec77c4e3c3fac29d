"""Ctrl-C: the first one lets what is being examined end, the second one ends it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def first_interrupt(ask: Callable[[], None]) -> Iterator[None]:
    """Inside the block the first SIGINT calls `ask`; the next one raises KeyboardInterrupt as usual."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's (signal(7) of Python); a program that embeds this has its own way
        return

    def once(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        ask()

    before = signal.signal(signal.SIGINT, once)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
