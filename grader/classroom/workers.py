"""A Dask worker that examines: one `Examiner` for each worker, jobs and examinations as bytes."""

from __future__ import annotations

import contextlib
import os
import threading
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Any, Protocol

from distributed import WorkerPlugin, get_worker

from grader.examine.examination import Examination
from grader.examine.job import Job

NAME = "slipway-examiner"
EXAMINER = "grader.examine.examiner:Examiner"


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
    """Holds the examiner of one worker, made when the first job comes and made anew after a fault.

    Args:
        path: the examiner's class as `module:name`.
        options: its arguments, by name.
        is_local: the worker is a child of `grader grade`: Ctrl-C in the terminal is for the parent to act upon.
    """

    name = NAME

    def __init__(self, path: str | None, options: dict[str, Any], *, is_local: bool) -> None:
        self._path, self._options, self._is_local = path, options, is_local

    def setup(self, worker: Any) -> None:
        """Prepare a worker; called by Dask on each one, also on those that come later."""
        self._lock = threading.Lock()  # one submission after another, also where a worker has more threads
        self._opened: contextlib.ExitStack | None = None
        self._examiner: Examines | None = None
        if self._is_local and os.getpgrp() != os.getpid():
            os.setpgrp()

    def teardown(self, worker: Any) -> None:
        """End the examiner, and with it the engine and the kernels that it started."""
        self._drop()

    def examine(self, job: bytes) -> bytes:
        """Examine one job. After a fault the next job gets an examiner of its own.

        Raises:
            Exception: the examiner failed; never for what the submission did.
        """
        with self._lock:
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


def examine(job: bytes) -> bytes:
    """The Dask task: examine a job on the worker that runs this."""
    plugin = get_worker().plugins[NAME]
    assert isinstance(plugin, ExaminerPlugin)
    return plugin.examine(job)
