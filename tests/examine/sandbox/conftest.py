"""One session, and one kernel in it for all tests that leave it alive."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from course import gateway
from grader.examine.job import Budgets
from grader.examine.sandbox import SubmissionKernel

FILES = {"L01-containers.ipynb": b"{}", "shop.py": b"print('open')\n", "parts/list.txt": b"tea\n"}


@pytest.fixture(scope="package")
def session(engine_url: str) -> Iterator[gateway.Session]:
    with gateway.session("grading") as opened:
        yield opened


@pytest.fixture(scope="package")
def shared(session: gateway.Session) -> Iterator[SubmissionKernel]:
    with SubmissionKernel(FILES, session, Budgets(), "zoe") as kernel:
        yield kernel
