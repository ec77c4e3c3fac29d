"""A Dask worker that examines: one `Examiner` for each worker, jobs and examinations as bytes."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Any, Protocol

from distributed import WorkerPlugin, get_worker

from grader.examine.examination import Examination
from grader.examine.job import Budgets, Job

LONGEST = Budgets().submission_seconds + 300  # seconds for one job: beside its budget an engine starts, sessions end
NAME = "slipway-examiner"
EXAMINER = "grader.examine.examiner:Examiner"
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class Examines(Protocol):
    """What examines one submission."""

    def examine(self, job: Job) -> Examination:
        """Examine it; what a submission does is an outcome, never an exception."""
        ...


def examiner_of(path: str | None = None, **options: Any) -> AbstractContextManager[Examines]:
    """An examiner, not started yet: the one of `grader.examine`, or the class at `module:name`."""
    module, _, name = (path or EXAMINER).partition(":")
    made: AbstractContextManager[Examines] = getattr(import_module(module), name)(**options)
    return made


class ExaminerPlugin(WorkerPlugin):
    """Holds the examiner of one worker, created for the first job and again after a fault.

    Args:
        path: the examiner's class as `module:name`.
        options: its arguments, by name.
        is_local: the worker is a child of `grader grade`: Ctrl-C in the terminal is for the parent to act upon.
        longest: seconds for one job; a worker that takes longer ends.
    """

    name = NAME

    def __init__(self, path: str | None, options: dict[str, Any], *, is_local: bool, longest: float = LONGEST) -> None:
        self._path, self._options, self._is_local, self._longest = path, options, is_local, longest

    def setup(self, worker: Any) -> None:
        """Prepare a worker; called by Dask on each one, also on those that come later."""
        self._lock = threading.Lock()  # one submission after another, also where a worker has more threads
        self._opened: contextlib.ExitStack | None = None
        self._examiner: Examines | None = None
        if self._is_local and os.getpgrp() != os.getpid():
            os.setpgrp()
        if self._is_local and sys.platform == "linux":
            _end_with_parent()

    def teardown(self, worker: Any) -> None:
        """End the examiner, and with it the engine and the kernels that it started."""
        self._drop()

    def examine(self, job: bytes) -> bytes:
        """Examine one job. After a fault the next job gets an examiner of its own.

        Raises:
            Exception: the examiner failed; never for what the submission did.
        """
        with self._lock, _ended_after(self._longest):
            try:
                examination = self._ready().examine(Job.from_json(job))
            except BaseException:
                self._drop()
                raise
            if not examination.is_complete:
                self._drop()
            return examination.to_json()

    def _ready(self) -> Examines:
        if self._examiner is None:
            with contextlib.ExitStack() as opened:
                self._examiner = opened.enter_context(examiner_of(self._path, **self._options))
                self._opened = opened.pop_all()
        return self._examiner

    def _drop(self) -> None:
        opened, self._opened, self._examiner = self._opened, None, None
        if opened is not None:
            with contextlib.suppress(Exception):  # what it held may be what died
                opened.close()


@contextlib.contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    """End this process when the block takes longer.

    An expression that is stuck in a learner's text holds Python's lock, so neither a thread of Python nor a handler of
    signals can end it. The thread of faulthandler needs no such lock.
    """
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123  # a descriptor for what it says
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


def _end_with_parent() -> None:
    """End this process when its parent ends (prctl(2)); Dask's own watch is a thread, which a stuck worker never runs.

    The signal comes when the thread that started this process ends. Dask's lives until it has seen this process end
    (distributed 2024.8 on, `AsyncProcess._watch_message_queue`).
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def examine(job: bytes) -> bytes:
    """The Dask task: examine a job on the worker that runs this."""
    plugin = get_worker().plugins[NAME]
    assert isinstance(plugin, ExaminerPlugin)
    return plugin.examine(job)
