"""Checks: questions put to the engine about what a learner made. See README.md for the vocabulary.

A check cell reads like this:

    from grader import checks
    web = checks.container("web")
    checks.grade("L01-stay-up", web.exists(), web.from_image("course/busybox"), web.stays_up(seconds=2), points=4)
"""

from grader.checks.check import Check
from grader.checks.exercise import all_of
from grader.checks.grade import CheckFailed, CouldNotCheck, grade, judge
from grader.checks.result import Outcome, Result, Verdict
from grader.checks.subjects import (
    container,
    containers,
    dockerfile,
    image,
    journal,
    machine,
    network,
    registry,
    submission,
    volume,
)

__all__ = [
    "Check",
    "CheckFailed",
    "CouldNotCheck",
    "Outcome",
    "Result",
    "Verdict",
    "all_of",
    "container",
    "containers",
    "dockerfile",
    "grade",
    "image",
    "journal",
    "judge",
    "machine",
    "network",
    "registry",
    "submission",
    "volume",
]
