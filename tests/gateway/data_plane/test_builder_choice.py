"""Which builder a build of a session gets, on an engine that has both."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import docker
import pytest

from course.gateway import Client, session


def words(log: Iterable[Mapping[str, Any]]) -> list[str]:
    return [line["stream"].rstrip("\n") for line in log if line.get("stream", "").strip()]


@pytest.fixture(params=["engine28_url", "engine28_containerd_url"])
def with_both_builders(request: pytest.FixtureRequest) -> str:
    """The address of an engine that has both."""
    return str(request.getfixturevalue(request.param))


def test_by_default_a_dockerfile_that_needs_buildkit_gets_it(
    with_both_builders: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_ENGINE", with_both_builders)
    monkeypatch.delenv("SLIPWAY_BUILDER", raising=False)
    (tmp_path / "page.txt").write_text(f"{tmp_path}\n")
    (tmp_path / "Dockerfile").write_text("FROM course/busybox\nWORKDIR /srv\nCOPY page.txt .\nRUN true\nCMD ls\n")
    with tempfile.TemporaryDirectory(prefix="sw-", dir="/tmp") as home:
        monkeypatch.setenv("SLIPWAY_STATE_DIR", f"{home}/state")
        monkeypatch.setenv("SLIPWAY_RUNTIME_DIR", f"{home}/run")
        with session("own") as one, closing(docker.DockerClient(one.url, timeout=120)) as client:
            _, log = client.images.build(path=str(tmp_path), tag="base:1")
            assert "Step 3/5 : COPY page.txt ." in words(log)
            mounted = "FROM base:1\nCOPY . /all\nRUN --mount=type=cache,target=/c ls -A /all\n"
            (tmp_path / "Dockerfile").write_text(mounted)
            _, log = client.images.build(path=str(tmp_path), tag="base:2")
            said = words(log)
            assert "[stage-0 2/3] COPY . /all" in said and "Dockerfile\npage.txt" in "\n".join(said)
            (tmp_path / "Dockerfile").write_text("# syntax=docker/dockerfile:1\nFROM base:2\nRUN echo on top\n")
            _, log = client.images.build(path=str(tmp_path), tag="base:3")
            assert "[2/2] RUN echo on top" in words(log)
            (tmp_path / "Dockerfile").write_text("FROM base:3\nCOPY . /again\nRUN ls -A /again\n")
            _, log = client.images.build(path=str(tmp_path))
            said = words(log)
            assert "Step 2/3 : COPY . /again" in said
            assert [line for line in said if "slipway" in line] == []
        Client().stop(end_sessions=True)
