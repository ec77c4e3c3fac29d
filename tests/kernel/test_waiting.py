"""A cell that waits in plain docker-py says what for, after a while, where a person sees it."""

from __future__ import annotations

from pathlib import Path

import docker
import pytest
from live_kernel import LiveKernel

from course.kernel.waiting import named

SOON = "from course.kernel import waiting; waiting.AFTER_SECONDS = 0.2\nimport docker, time; client = docker.from_env()"
START = 'client.containers.run("course/busybox", ["sleep", "600"], name="night", detach=True)'
WAITS = {
    "run": ('client.containers.run("course/busybox", ["sleep", "600"], name="night")', "to end", "detach=True"),
    "wait": (f"{START}.wait()", "to end", "wait() waits"),
    "logs": (f"for line in {START}.logs(stream=True): print(line)", "the next line in the log", "without stream"),
    "exec": (f"{START}.exec_run(['sleep', '601'])", "a command inside", "exec_run() waits"),
    "attach": (f"for part in {START}.attach(stream=True): pass", "more output", "attach() waits"),
    "events": (f"{START}\nfor event in client.events(since=int(time.time()) + 9): pass", "the next event", "events()"),
}


@pytest.fixture
def soon(warm: LiveKernel, clean: docker.DockerClient) -> LiveKernel:
    """A kernel in which waiting is said soon."""
    warm.must(SOON)
    return warm


@pytest.mark.parametrize("call", WAITS)
def test_a_wait_is_said_and_can_be_stopped(soon: LiveKernel, clean: docker.DockerClient, call: str) -> None:
    cell, what, why = WAITS[call]
    marks = soon.must("import os; print(os.getcwd())").stdout.strip()
    seen = Path(marks) / "seen"
    soon.must(
        "from course.kernel import waiting\nfrom pathlib import Path\n"
        "class Seen(waiting.Waiting):\n"
        "    def as_state(self):\n        Path('seen').touch()\n        return super().as_state()\n"
        "waiting.Waiting = Seen"
    )
    ran = soon.interrupted(cell, when=seen.exists, cell_id="waits")
    seen.unlink()
    assert ran.error == "KeyboardInterrupt"
    assert len(ran.displays) == 1, [one["text/plain"] for one in ran.displays]
    (shown,) = ran.displays
    assert str(shown["text/plain"]).startswith("waiting for ") and what in shown["text/plain"]
    assert "■ stopped after" in shown["text/plain"]
    assert call == "events" or "night (sleep 60" in shown["text/plain"]
    soon.must("waiting.Waiting = Seen.__mro__[1]")
    assert why in waits_text(call)


def waits_text(call: str) -> str:
    from course.kernel import waiting
    from course.kernel.waiting import HOW_TO_STOP, Waiting

    text = Waiting("x", waiting._WHY[call])._repr_mimebundle_()["text/plain"]
    assert HOW_TO_STOP in text
    return text


def test_what_comes_soon_says_nothing(warm: LiveKernel, clean: docker.DockerClient) -> None:
    warm.must(
        "from course.kernel import waiting; waiting.AFTER_SECONDS = 60\nimport docker; client = docker.from_env()"
    )
    assert not warm.must('client.containers.run("course/busybox", ["true"])', "quick").displays


def test_a_wait_that_comes_to_its_end_says_so_and_changes_nothing(soon: LiveKernel) -> None:
    ran = soon.must('print(client.containers.run("course/busybox", ["sh", "-c", "sleep 1; echo open"]))', "ends")
    assert ran.stdout == "b'open\\n'\n"
    assert "✓ over after" in ran.displays[0]["text/plain"]


def test_nothing_is_said_where_nobody_sees_the_cell_or_it_does_something_else(soon: LiveKernel) -> None:
    assert not soon.must('client.containers.run("course/busybox", ["sleep", "1"])').displays
    cell = (
        'night = client.containers.run("course/busybox", ["sh", "-c", "echo open; sleep 9"], detach=True)\n'
        "next(night.logs(stream=True)); time.sleep(1)"
    )
    assert not soon.must(cell, "elsewhere").displays


@pytest.mark.parametrize(
    ("request_line", "waits_for"),
    [
        ("POST /v1.41/containers/first/wait", ("wait", "first")),
        ("GET /v1.41/containers/first/logs?follow=1&stdout=1", ("logs", "first")),
        ("GET /v1.41/containers/first/logs?follow=True", ("logs", "first")),
        ("GET /v1.41/containers/first/logs?follow=0", None),
        ("GET /v1.41/containers/first/stats?stream=False", None),
        ("POST /v1.41/containers/first/stop?t=2", ("stop", "first")),
        ("POST /v1.41/exec/abc/start", ("exec", "abc")),
        ("GET /events", ("events", "events")),
        ("POST /v1.41/containers/create?name=wait", None),
        ("GET /v1.41/containers/first/json", None),
    ],
)
def test_waits_are_known_by_their_request(request_line: str, waits_for: tuple[str, str] | None) -> None:
    method, _, path_url = request_line.partition(" ")
    assert named(method, path_url) == waits_for
