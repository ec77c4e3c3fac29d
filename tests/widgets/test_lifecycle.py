"""The life of a container is followed to its end and after it, and stepped through."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import docker
import pytest

from course.engine.errors import EngineError
from course.widgets import lifecycle
from course.widgets.lifecycle_picture import MOST_STEPS, Lifecycle
from course.widgets.reading import ContainerRow, World

Until = Callable[[Callable[[], object], str], None]
Press = Callable[..., dict[str, Any]]


def now(picture: Lifecycle) -> str:
    return "".join(state["id"] for state in picture.state["states"] if state["now"])


def test_a_container_is_stepped_through_its_life(inside: docker.DockerClient, until: Until, press: Press) -> None:
    web = inside.containers.create("course/busybox", ["sleep", "600"], name="web")
    picture = lifecycle("web")
    assert now(picture) == "created" and "→ ○ created" in picture.text()
    for act, status in (("start", "running"), ("pause", "paused"), ("unpause", "running"), ("stop", "exited")):
        assert act in [one["id"] for one in picture.state["acts"]]
        assert press(picture, {"id": 1, "command": {"type": act, "container": web.id}})["ok"]
        until(lambda wanted=status: now(picture) == wanted, f"{act} leads to {status}")  # type: ignore[misc]
        assert [one["id"].split("-")[1] for one in picture.state["ways"] if one["taken"]] == [status]
        web.reload()
        assert web.status == status
    assert picture.state["words"] == "■ exited (137)"
    assert press(picture, {"id": 1, "command": {"type": "remove", "container": web.id}})["ok"]
    until(lambda: now(picture) == "removed", "it is removed")
    assert picture.state["acts"] == [] and "image: still there" in picture.text()
    assert [step.split(" ", 1)[1] for step in picture.state["steps"]] == [
        "○ created",
        "▶ running",
        "‖ paused",
        "▶ running",
        "■ exited (137)",
        "✗ removed",
    ]
    for fact in ("web", "course/busybox", "✗ removed", "■ exited (137)"):
        assert fact in picture.text() and fact in picture.html()


def test_states_before_the_picture_have_the_times_of_the_engine(inside: docker.DockerClient) -> None:
    web = inside.containers.run("course/busybox", ["sh", "-c", "sleep 2; exit 3"], name="web", detach=True)
    web.wait()
    web.reload()
    picture = lifecycle("web")
    assert [step.split(" ", 1)[1] for step in picture.state["steps"]] == ["○ created", "▶ running", "■ exited (3)"]
    for step, moment in zip(picture._steps[1:], ("StartedAt", "FinishedAt"), strict=True):
        told = datetime.fromisoformat(web.attrs["State"][moment][:19] + "+00:00").timestamp()
        assert step.at is not None and int(step.at) == told, moment


def test_a_pause_before_the_picture_has_no_time(inside: docker.DockerClient) -> None:
    web = inside.containers.run("course/busybox", ["sleep", "600"], name="web", detach=True)
    web.pause()
    assert lifecycle("web").state["steps"][-1] == "--:--:-- ‖ paused"


def test_it_stays_with_its_container_when_another_takes_the_name(inside: docker.DockerClient, until: Until) -> None:
    first = inside.containers.create("course/busybox", ["true"], name="web")
    picture = lifecycle(first)
    first.remove()
    inside.containers.create("course/busybox", ["true"], name="web")
    until(lambda: now(picture) == "removed", "the first one is removed")


def test_it_acts_on_its_own_container_only(inside: docker.DockerClient, press: Press) -> None:
    inside.containers.create("course/busybox", ["true"], name="web")
    other = inside.containers.create("course/busybox", ["true"], name="other")
    answer = press(lifecycle("web"), {"id": 1, "command": {"type": "remove", "container": other.id}})
    assert not answer["ok"] and "about one container" in str(answer["notice"])
    assert len(inside.containers.list(all=True)) == 2


def test_a_container_that_is_not_there_is_an_error(inside: docker.DockerClient) -> None:
    with pytest.raises(EngineError, match="nobody"):
        lifecycle("nobody")


def test_the_list_of_steps_is_bounded(inside: docker.DockerClient) -> None:
    from dataclasses import replace

    inside.containers.create("course/busybox", ["true"], name="web")
    picture = lifecycle("web")
    world = picture._world
    for number in range(30):
        changed = replace(world.containers[0], status="exited", exit_code=number)
        picture._take(replace(world, containers=(changed,), number=9**9 + number))
    assert len(picture.state["steps"]) == len(picture._steps) == MOST_STEPS
    assert picture.state["steps"][-1].endswith("■ exited (29)")


def test_a_hostile_name_stays_text_in_the_static_page(inside: docker.DockerClient) -> None:
    web = inside.containers.create("course/busybox", ["true"], name="web")
    picture = lifecycle(web)
    hostile = "<img src=x onerror=alert(1)>"
    row = ContainerRow(picture._id, hostile, "sha256:1", hostile, hostile, 1, 0)
    picture._take(World((), (row,), hostile, 9**9))
    assert hostile in picture.text() and "<img" not in picture.html() and "&lt;img" in picture.html()
