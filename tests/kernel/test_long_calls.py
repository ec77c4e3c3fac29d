"""A long call of plain docker-py shows how far it is where a person sees the cell, and can be stopped."""

from __future__ import annotations

from pathlib import Path

import docker
import pytest
from live_kernel import LiveKernel, Ran, wait_until

from course.kernel.long_calls import LongCall, named
from course.widgets.cells import Cell

AT_ONCE = """
from course.kernel import long_calls; long_calls.AFTER_SECONDS = 0.0
import docker, io; client = docker.from_env()
"""
BUILD = "client.images.build(fileobj=io.BytesIO(b'FROM course/busybox\\nRUN {}\\nCMD true'), tag='shown')"
SHELF = """
shelf = client.containers.run("course/registry", name="shelf", ports={"5000/tcp": None}, detach=True)
next(line for line in shelf.logs(stream=True) if b"listening" in line)
client.images.get("course/busybox").tag("localhost:5000/box", tag="1")
"""


@pytest.fixture
def at_once(warm: LiveKernel, clean: docker.DockerClient) -> LiveKernel:
    """A kernel in which every such call counts as long."""
    warm.must(AT_ONCE)
    return warm


def text(ran: Ran) -> str:
    shown, *_ = ran.displays  # below an error, its traceback is folded
    return str(shown["text/plain"])


@pytest.mark.parametrize(
    ("request_line", "is_named"),
    [
        ("POST /v1.41/images/create?tag=1&fromImage=localhost%3A5000%2Fbox", ("pull", "localhost:5000/box:1")),
        ("POST /v1.41/images/create?tag=latest&fromImage=shop", ("pull", "shop")),
        ("POST /v1.41/images/localhost:5000/box/push?tag=1", ("push", "localhost:5000/box:1")),
        ("POST /v1.41/images/load", ("load", "")),
        ("GET /v1.41/images/shop:1/get", ("save", "shop:1")),
        ("GET /v1.41/images/sha256:0123456789abcdef/get", ("save", "0123456789ab")),
        ("GET /images/get?names=shop", ("save", "")),
        ("POST /v1.41/build?t=shop&remote=x", ("build", "shop")),
        ("GET /v1.41/images/shop:1/json", None),
        ("GET /v1.41/images/json", None),
        ("POST /v1.41/containers/create?name=build", None),
        ("POST /v1.41/build/prune", None),
    ],
)
def test_long_calls_are_known_by_their_request(request_line: str, is_named: tuple[str, str] | None) -> None:
    method, _, path_url = request_line.partition(" ")
    assert named(method, path_url) == is_named


def test_a_push_and_a_pull_show_their_layers(at_once: LiveKernel) -> None:
    at_once.must(SHELF)
    pushed = at_once.must("print(len(client.images.push('localhost:5000/box', tag='1').splitlines()))", "push")
    assert text(pushed).startswith("push localhost:5000/box:1\n")
    assert "✓ done" in text(pushed) and "✓ push localhost:5000/box:1: done in" in text(pushed)
    assert int(pushed.stdout) > 3, "what the call gives is the same"
    pulled = at_once.must(
        "client.images.remove('localhost:5000/box:1'); client.images.pull('localhost:5000/box:1').id", "pull"
    )
    assert "✓ pull localhost:5000/box:1: done in" in text(pulled)
    refused = at_once.run("client.images.pull('localhost:5000/none:1')", "refused")
    assert refused.error == "NotFound" and "✗ pull localhost:5000/none:1" in text(refused)


def test_an_archive_is_counted_out_and_in(at_once: LiveKernel) -> None:
    saved = at_once.must("archive = b''.join(client.images.get('course/busybox').save())", "save")
    assert "✓ save" in text(saved) and "MB" in text(saved)
    loaded = at_once.must("client.images.load(iter([archive[:9999], archive[9999:]]))[0].tags", "load iterator")
    assert "✓ load: done in" in text(loaded) and "MB" in text(loaded)
    assert "course/busybox:latest" in loaded.value
    loaded = at_once.must("client.images.load(io.BytesIO(archive))[0].tags", "load file")
    assert "✓ load: done in" in text(loaded) and "MB of " in text(loaded)
    loaded = at_once.must("client.images.load(archive)[0].tags", "load bytes")
    assert "✓ load: done in" in text(loaded) and "MB of " in text(loaded)


def test_a_build_shows_its_instructions_and_what_was_there(at_once: LiveKernel) -> None:
    built = at_once.must(BUILD.format("echo bread > /goods"), "build")
    lines = text(built).splitlines()
    assert lines[0] == "build shown" and "✓ build shown: done in" in lines[-1]
    assert [line.split()[:2] for line in lines if "✓" in line] == [
        ["build", "context"], ["1", "FROM"], ["2", "RUN"], ["3", "CMD"], ["✓", "build"],
    ]  # fmt: skip
    assert text(at_once.must(BUILD.format("echo bread > /goods"), "build")).count("✓ there") == 2
    failed = at_once.run(BUILD.format("exit 3"), "build")
    assert failed.error == "BuildError" and "✗ build shown" in text(failed)


def test_an_interrupted_build_is_shown_as_stopped(
    at_once: LiveKernel, engine: docker.DockerClient, clean: docker.DockerClient
) -> None:
    def building() -> bool:
        return "sleep 655" in str([container["Command"] for container in engine.api.containers()])

    stopped = at_once.interrupted(BUILD.format("sleep 655"), when=building, cell_id="stopped")
    assert stopped.error == "KeyboardInterrupt"
    assert "✗ build shown: stopped before its end" in text(stopped)
    wait_until(lambda: not building())


def test_an_interrupted_save_is_shown_as_stopped(at_once: LiveKernel, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    cell = (
        "from pathlib import Path; import threading\n"
        f"for piece in client.images.get('course/node').save():\n    Path({str(begun)!r}).touch()\n"
        "    threading.Event().wait()"
    )
    stopped = at_once.interrupted(cell, when=begun.exists, cell_id="stopped")
    assert stopped.error == "KeyboardInterrupt"
    assert "stopped before its end" in text(stopped)


@pytest.mark.parametrize(
    "cell",
    [
        "%%dockerfile asked\nFROM course/busybox\nCMD true",
        "from course.widgets import follow\nimages = [client.images.get('course/busybox')]\n"
        "list(follow((piece for image in images for piece in image.save()), 'save it'));",
    ],
    ids=["%%dockerfile", "follow"],
)
def test_a_cell_that_shows_its_work_gets_one_picture(at_once: LiveKernel, cell: str) -> None:
    assert len(at_once.must(cell, "asked").displays) == 1


def test_nothing_is_shown_where_nobody_sees_the_cell_or_the_call_is_short(at_once: LiveKernel) -> None:
    cell = "b''.join(client.images.get('course/busybox').save())[:0]"
    assert not at_once.must(cell).displays
    at_once.must("long_calls.AFTER_SECONDS = 60.0")
    assert not at_once.must(cell, "short").displays


@pytest.mark.parametrize(
    "line",
    [b'{"id": "a", "progressDetail": ["x"]}', b'{"status": 7}', b"[]", b"{", b"\xff", b"{" * 2_000_000, b"[" * 100_000],
)
def test_a_message_of_another_shape_changes_nothing(line: bytes) -> None:
    call = LongCall("pull", "shop", Cell("a", "", ""))
    for piece in (line, b"\r\n", b'{"status": "Pull complete", "id": "c3"}\r\n'):
        call._came(piece)
    assert [row["words"] for row in call._work.as_state()["rows"] if row["what"] == "c3"] == ["✓ done"]
    call._came(b"")
    assert call._work.ended
