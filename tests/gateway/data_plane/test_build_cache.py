"""A session's builds take layers from its own last build, whatever other sessions build on the same engine."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import docker
import pytest

from course.gateway import Client, session

SHARED_START = "FROM course/busybox\nWORKDIR /srv\n"
TEXT = SHARED_START + "COPY list.txt .\nRUN wc list.txt\nCOPY code.txt .\n"


def build(url: str, folder: Path) -> list[bool]:
    """Build the folder; for each instruction after FROM, whether it came from the cache; each is told once."""
    cached: list[bool] = []
    with closing(docker.DockerClient(base_url=url, version="auto", timeout=120)) as client:
        for said in client.api.build(path=str(folder), decode=True, rm=True, forcerm=True):
            assert "error" not in said, said
            text = said.get("stream", "")
            if text.startswith("Step "):
                cached.append(False)
                assert text.startswith(f"Step {len(cached)}/"), text
            elif text.startswith(" ---> Using cache"):
                cached[-1] = True
    return cached[1:]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A build context of a list that changes seldom and code that changes often."""
    for name, text in {"Dockerfile": TEXT, "list.txt": "one\n", "code.txt": "first\n"}.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_another_sessions_newer_layers_do_not_take_the_cache_away(
    folder: Path, engine_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_ENGINE", engine_url)
    with session(policy="class") as one, session(policy="class") as other:
        for number in range(3):  # own images that begin alike, and go on otherwise
            (folder / "Dockerfile").write_text(SHARED_START + f"ENV NUMBER={number}\n")
            build(one.url, folder)
        (folder / "Dockerfile").write_text(TEXT)
        build(one.url, folder)
        assert not any(build(other.url, folder))  # nothing is shared between sessions; these layers are the newest now
        (folder / "code.txt").write_text("second\n")
        assert build(one.url, folder) == [True, True, True, False]


def test_a_step_that_the_engine_cannot_restore_is_run_again(
    folder: Path, engine28_containerd_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the containerd store the classic builder fails where a step without files is another build's newest one."""
    monkeypatch.setenv("SLIPWAY_ENGINE", engine28_containerd_url)
    with session(policy="class") as one, session(policy="class") as other:
        for url in (one.url, other.url, one.url, other.url):
            assert len(build(url, folder)) == len(TEXT.splitlines()) - 1
    Client(engine28_containerd_url).stop(end_sessions=False)
