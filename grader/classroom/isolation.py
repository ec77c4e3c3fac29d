"""One submission, one session: what it makes on the engine is seen by nobody else and is gone afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def own_session() -> Iterator[None]:
    """Run what is inside with the engine of a fresh `grading` session.

    Kernels that are started inside inherit the variables that name it: DOCKER_HOST and SLIPWAY_SESSION. At the end the
    session is removed with all that it made, also when grading failed.

    Raises:
        CourseError: no engine, or no gateway.
    """
    from course import gateway

    with gateway.session(policy="grading") as session, _environment(_variables(session.url, session.id)):
        yield


def _variables(url: str, sid: str) -> dict[str, str]:
    return {
        "DOCKER_HOST": url,
        "SLIPWAY_SESSION": sid,
        "DOCKER_BUILDKIT": "0",  # a session speaks the classic builder only
        "SLIPWAY_EXAMINER": "1",  # checks write nothing to the instructor's own progress
    }


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
