"""What the tests of a class share: a small course, and the variables of an instructor's terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_course import write_course


@pytest.fixture
def small_course(tmp_path: Path) -> Path:
    """A folder with course.toml and one lesson."""
    return write_course(tmp_path)


@pytest.fixture
def on_the_engine(engine_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The variables of a terminal outside any session, with the prepared engine."""
    monkeypatch.setenv("SLIPWAY_ENGINE", engine_url)
    monkeypatch.setenv("DOCKER_HOST", engine_url)
    monkeypatch.delenv("SLIPWAY_SESSION", raising=False)
    return engine_url
