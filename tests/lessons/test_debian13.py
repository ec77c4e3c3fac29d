"""The solutions of lessons on the engine of Debian 13, whose API and builder are newer than the first one’s.

`LESSONS` by default, one with a build, one with a network, one with all; SLIPWAY_EVERYTHING=1 runs all lessons.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from course import manifest
from course.manifest import Lesson
from course.proof import claims
from course.proof.answers import reference
from course.proof.attempt import Prover

ALL = "SLIPWAY_EVERYTHING" in os.environ
LESSONS = [one for one in manifest.load().lessons if ALL or one.id in ("L02", "L05", "L09")]


@pytest.fixture(scope="module")
def on_debian13(engine13_url: str) -> Iterator[str]:
    """The engine's address, as that of every session that is opened meanwhile; its gateway ends with the module."""
    from course.gateway import Client

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLIPWAY_ENGINE", engine13_url)
        yield engine13_url
        Client().stop(end_sessions=True)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.id)
def test_the_solutions_of_a_lesson_earn_all_points(lesson: Lesson, on_debian13: str, tmp_path: Path) -> None:
    with Prover(lesson, tmp_path / "room") as prover:
        findings = [
            finding
            for exercise in lesson.exercises
            for finding in claims.earns_all(lesson, prover.attempt(reference(prover.notebook.exercise(exercise.id))))
        ]
    assert not "\n".join(str(finding) for finding in findings)
