"""An examiner that is stuck in one learner's text as a regular expression is: it holds Python's lock for ever."""

from __future__ import annotations

import os
import re
from pathlib import Path
from types import TracebackType
from typing import Any

from grader.examine.examination import Evidence, Examination
from grader.examine.job import Job

STUCK = "stuck"


class Stuck:
    """Examines everybody at once, and never the learner `stuck`.

    Args:
        told: a folder in which each worker writes a file named by its process.
        more: what a real examiner is told.
    """

    def __init__(self, told: str, **more: Any) -> None:
        self._told = Path(told)

    def __enter__(self) -> Stuck:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...

    def examine(self, job: Job) -> Examination:
        """Examine nothing."""
        if job.student == STUCK:
            (self._told / str(os.getpid())).touch()
            re.match(r"(?:a|aa)+\Z", "a" * 200 + "b")
        return Examination(student=job.student, lesson=job.lesson, marks=(), notebook="", evidence=Evidence())
