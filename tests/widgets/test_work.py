"""Long work of a cell, a build or a transfer: how far it is, how it ended; cancelling ends it at the engine."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import docker
import pytest

from course.engine.errors import BuildFailed, EngineError
from course.kernel.dockerfile import build_dockerfile
from course.widgets import follow
from course.widgets.transfer import MOST_PARTS, Transfer
from course.widgets.work_picture import Work, WorkPicture

HOSTILE = "<img src=x onerror=alert(1)>"
Until = Callable[[Callable[[], object], str], None]
Press = Callable[..., dict[str, Any]]


class Screen:
    """Where a cell would show the work: one live picture, and the states that it had."""

    def __init__(self) -> None:
        self.states: list[dict[str, Any]] = []
        self.picture: WorkPicture | None = None

    def update(self, work: Work) -> None:
        if self.picture is None:
            self.picture = WorkPicture(work)
        self.picture.update()
        self.states.append(self.picture.state)

    @property
    def rows(self) -> list[str]:
        return [row["words"] for row in self.states[-1]["rows"]] if self.states else []


def test_a_build_shows_each_instruction_and_what_the_last_build_had(
    inside: docker.DockerClient, tmp_path: Path
) -> None:
    screen = Screen()
    common = "FROM course/busybox\nRUN echo one > /a\n"
    build_dockerfile(f"{common}RUN echo last\n", "shop:1", context=tmp_path, screen=screen)
    assert {row["status"] for row in screen.states[0]["rows"]} == {"waiting"}
    assert [row["what"] for row in screen.states[0]["rows"]][:2] == ["FROM course/busybox", "RUN echo one > /a"]
    assert screen.rows == ["✓ done"] * 3 and not screen.states[-1]["running"]
    again = Screen()
    build_dockerfile(f"{common}RUN echo next\nCMD true\n", "shop:1", context=tmp_path, screen=again)
    assert again.rows[1] == "✓ cached"
    assert [row["last"] for row in again.states[-1]["rows"]] == [
        "= as in the last build",
        "= as in the last build",
        "≠ last build: RUN echo last",
        "+ not in the last build",
    ]
    assert again.picture is not None
    assert "= as in the last build" in again.picture.text() and "✓ shop:1 is built" in again.picture.html()


def test_a_build_that_fails_shows_the_output_of_its_instruction(inside: docker.DockerClient, tmp_path: Path) -> None:
    screen = Screen()
    with pytest.raises(BuildFailed):
        build_dockerfile(
            f"FROM course/busybox\nRUN echo '{HOSTILE}' && exit 3\nCMD true\n", "bad", context=tmp_path, screen=screen
        )
    assert screen.rows == ["✓ done", "✗ failed", "○ not begun"]
    assert HOSTILE in screen.states[-1]["output"]
    assert screen.picture is not None and "<img" not in screen.picture.html()


def test_cancel_ends_the_build_and_the_cell(
    inside: docker.DockerClient, engine: docker.DockerClient, tmp_path: Path, until: Until, press: Press
) -> None:
    screen = Screen()

    def cancel() -> None:
        until(lambda: "… running" in screen.rows[1:], "the second instruction runs")
        press(screen.picture, {"id": 1, "command": {"type": "cancel"}})

    canceller = threading.Thread(target=cancel)
    canceller.start()
    with pytest.raises(KeyboardInterrupt):
        build_dockerfile("FROM course/busybox\nRUN sleep 617\nCMD true\n", "long", context=tmp_path, screen=screen)
    canceller.join()
    assert screen.rows == ["✓ done", "✗ stopped", "○ not begun"]
    building = lambda: "sleep 617" in str([one["Command"] for one in engine.api.containers(all=True)])  # noqa: E731
    until(lambda: not building(), "the engine's own container of the build is gone")
    assert press(screen.picture, {"id": 2, "command": {"type": "cancel"}})["notice"] == "○ nothing runs"


def test_an_archive_is_followed_from_one_image_to_the_next(inside: docker.DockerClient, capsys: Any) -> None:
    image = inside.images.get("course/busybox")
    loaded = inside.images.load(follow(image.save(), "send busybox", image.attrs["Size"]))
    assert loaded[0].id == image.id
    shown = capsys.readouterr().out
    assert "✓ send busybox: done in" in shown and "MB" in shown


def test_a_push_and_a_pull_are_followed_and_a_pull_is_stopped(
    inside: docker.DockerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    screens: list[Screen] = []
    monkeypatch.setattr("course.widgets.transfer.InPlace", lambda: screens.append(Screen()) or screens[-1])
    shelf = inside.containers.run("course/registry", ports={"5000/tcp": None}, detach=True)
    next(line for line in shelf.logs(stream=True) if b"listening" in line)
    name = "localhost:5000/box"
    inside.images.get("course/busybox").tag(name, tag="1")
    list(follow(inside.api.push(name, tag="1", stream=True, decode=True), "push box"))
    list(follow(inside.api.push(name, tag="1", stream=True, decode=True), "push box"))
    assert [screen.rows for screen in screens] == [["✓ done"], ["✓ there"]]
    assert screens[0].states[-1]["rows"][0]["last"].endswith("MB")
    stopped = follow(inside.api.pull(name, tag="1", stream=True, decode=True), "pull box")
    next(stopped)
    stopped.close()
    list(follow(inside.api.pull(name, tag="1", stream=True, decode=True), "pull box"))
    ends = [screen.states[-1]["closing"] for screen in screens[2:]]
    assert ends[0] == "✗ pull box: stopped before its end" and ends[1].startswith("✓ pull box: done in ")


def test_what_comes_is_passed_on_and_the_stream_is_closed_when_nobody_wants_more() -> None:
    closed = []

    def stream() -> Any:
        try:
            yield from ({"id": f"{number:012x}", "status": "Pushing"} for number in range(5))
        finally:
            closed.append(True)

    following = follow(stream(), "push")
    assert next(following)["id"] == f"{0:012x}"
    with closing(following):
        pass
    assert closed == [True]


def test_a_failure_in_the_stream_is_an_error() -> None:
    messages: list[dict[str, Any]] = [{"status": "Preparing", "id": "a" * 12}, {"error": "no basic auth credentials"}]
    with pytest.raises(EngineError, match="no basic auth"):
        list(follow(messages, "push shop"))


def test_layers_show_bytes_what_is_there_already_and_stay_bounded() -> None:
    shown = Transfer(f"pull {HOSTILE}")
    for message in (
        {"status": "Downloading", "id": "a1", "progressDetail": {"current": 500_000, "total": 2_000_000}},
        {"status": "Layer already exists", "id": "b2"},
        {"status": "Pull complete", "id": "c3"},
        {"status": HOSTILE, "id": "a1", "progressDetail": {"current": 1_000_000, "total": 2_000_000}},
    ):
        shown.take(message)
    rows = shown.as_state()["rows"]
    assert [(row["words"], row["part"]) for row in rows] == [("… running", 0.5), ("✓ there", None), ("✓ done", None)]
    assert rows[0]["last"] == "1.0 MB of 2.0 MB"
    for number in range(500):
        shown.take({"status": "Waiting", "id": f"layer{number}"})
    assert shown.as_state()["rows"][3]["words"] == "○ waiting"
    assert len(shown.parts) == MOST_PARTS and "Only the first 60 are listed" in shown.as_state()["closing"]
    bundle = shown._repr_mimebundle_()
    assert "1.0 MB of 2.0 MB" in bundle["text/plain"] and "<img" not in bundle["text/html"]
