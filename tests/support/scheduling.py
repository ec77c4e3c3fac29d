"""Which tests meet on one worker, and which groups begin: read from a test's id.

xdist's own `--dist loadgroup` appends the group to an attribute that pytest 9 no longer reads, so it groups nothing.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

BROWSER = "tests/browser"
SLOW_FIRST = (BROWSER, "tests/lessons", "tests/classroom", "tests/examine", "tests/images", "tests/gateway/attacks")
_LESSON = re.compile(r"\[(L\d\d)")


def group_of(nodeid: str) -> str:
    """The tests that share fixtures: those of one file, in the proofs of lessons those of one lesson of a file.

    All browser tests are one group: two browsers at once would keep two cores from everything else.
    """
    if nodeid.startswith(BROWSER):
        return BROWSER
    file = nodeid.partition("::")[0]
    lesson = _LESSON.search(nodeid) if file.startswith("tests/lessons") else None
    return f"{file} {lesson[1]}" if lesson else file


def rank(nodeid: str) -> int:
    """Slow folders first, so that no worker begins a long group when the others have nothing left."""
    return next((place for place, folder in enumerate(SLOW_FIRST) if nodeid.startswith(folder)), len(SLOW_FIRST))


class ByGroup(LoadScopeScheduling):
    """Gives whole groups to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByGroup:
    """The hook by which xdist takes it, whatever `--dist` says."""
    return ByGroup(config, log)
