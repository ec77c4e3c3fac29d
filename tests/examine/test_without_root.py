"""Grading as a user without root, where nothing can wall in the networks of containers: only for work that is trusted.

`test_elsewhere.py` runs this as another user.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from submissions import honest

from course.manifest import load
from grader.examine.errors import NotIsolated
from grader.examine.examiner import Examiner

pytestmark = pytest.mark.skipif(os.geteuid() == 0, reason="root sets a firewall")


def test_work_is_refused_that_nobody_trusts(engine_url: str) -> None:
    with pytest.raises(NotIsolated, match=r"not run as root[\s\S]*--trust-submissions"), Examiner(engine_url):
        pass


def test_trusted_work_has_all_points_for_what_it_publishes(engine_url: str, tmp_path: Path) -> None:
    (right,) = honest(load().lesson("L02"), 1)  # its checks ask a port
    with Examiner(engine_url, trust_submissions=True) as examiner:
        examined = examiner.examine(right.job(tmp_path))
    assert [mark for mark in examined.marks if mark.earned != mark.points] == []
    assert not examined.notes
