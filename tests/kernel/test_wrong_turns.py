"""An error of docker-py ends a cell with the course's three lines, and known wrong turns have words of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import docker
import nbformat
import pytest
from live_kernel import LiveKernel, Ran

from course.kernel.wrong_turns import near_image

SETUP = "import docker, io; client = docker.from_env() if 'client' not in globals() else client"
RUN = 'client.containers.run("course/busybox", {}, detach=True)'


@pytest.fixture(scope="module", autouse=True)
def notebook(kernel_folder: Path) -> Iterator[Path]:
    """A notebook beside the kernel, with a cell that was not run."""
    path = kernel_folder / "L91-turns.ipynb"
    cells = [nbformat.v4.new_code_cell("tariff = [1, 2]", id="given")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    yield path
    path.unlink()


def fails(kernel: LiveKernel, cell: str) -> tuple[Ran, list[str]]:
    """A cell that fails, and the lines that it shows."""
    ran = kernel.run(cell, "turn")
    assert not ran.ok
    return ran, ran.shown_error.splitlines()


NIGHT, FIRST = f"night = {RUN.format('None')}\n", f"{RUN[:-1].format('None')}, name='first')\n"
MISSING = "ImageNotFound|NotFound|APIError"
TURNS = {
    "image": ('client.containers.run("busybox", "true")', MISSING, "did you mean course/busybox?"),
    "pull": ('client.images.pull("python")', MISSING, "did you mean course/python?"),
    "tag": ('client.images.get("course/node:20")', MISSING, "did you mean course/node?"),
    "spelling": ('client.images.get("course/busibox")', MISSING, "did you mean course/busybox?"),
    "variable": (NIGHT + "client.containers.get('night')", "NotFound", "use the variable itself"),
    "removed": (NIGHT + "night.remove(force=True)\nnight.logs()", "NotFound", "run the cell again"),
    "near": (FIRST + "client.containers.get('fisrt')", "NotFound", "did you mean first?"),
    "in use": (FIRST * 2, "APIError", "remove it once in a cell of its own"),
    "program": ('client.containers.run("course/busybox", ["python3", "-V"])', "APIError|ContainerError", "image"),
    "not found": ('client.containers.run("course/busybox", ["sh", "-c", "python3"])', "ContainerError", "127 means"),
    "keyword": (RUN[:-1].format("None") + ", names='first')", "TypeError", "did you mean name=?"),
    "method": (RUN.format("None") + ".logs(fellow=True)", "TypeError", "did you mean follow=?"),
    "bytes": ('client.containers.run("course/busybox", "true").logs()', "AttributeError", "add detach=True"),
    "from": ("client.images.build(fileobj=io.BytesIO(b'FROM busybox'))", MISSING, "course/busybox"),
    "build": (
        "client.images.build(fileobj=io.BytesIO(b'FROM course/busybox\\nRUN exit 3'), tag='x')",
        "BuildError",
        "repair that instruction",
    ),
    "refused": (
        'client.containers.run("course/busybox", "true", privileged=True)',
        "APIError",
        "all rights on the machine of the engine",
    ),
    "no network": ('client.networks.get("sea")', "NotFound", "correct that in the call"),
    "given above": ("print(tariff)", "NameError", "tariff = [1, 2]"),
    "misspelt": ("tariffs_of_mine = 1; tariffs_of_mime", "NameError", "did you mean tariffs_of_mine?"),
}  # fmt: skip


@pytest.mark.parametrize("turn", TURNS)
def test_a_known_wrong_turn_has_its_words(warm: LiveKernel, clean: docker.DockerClient, turn: str) -> None:
    cell, names, words = TURNS[turn]
    warm.must(SETUP)
    ran, lines = fails(warm, cell)
    assert ran.error in names.split("|"), "nbclient and nbgrader see docker-py's own error"
    assert lines[0] == ran.error
    assert [line.split(":")[0] for line in lines if line.startswith(("expected", "observed", "try next"))] == [
        "expected", "observed", "try next",
    ]  # fmt: skip
    assert words in ran.shown_error and "registry:" not in ran.shown_error
    assert "Start one" not in ran.shown_error, "nobody meant to start a registry"
    assert "course doctor" not in ran.shown_error, "the engine is well"


def test_a_name_in_use_is_told_with_the_lesson_that_took_it(warm: LiveKernel, clean: docker.DockerClient) -> None:
    warm.must(SETUP)
    warm.must('from course.lesson import setup; setup("L01")')
    warm.must('client.containers.run("course/busybox", name="front")')
    warm.must('setup("L02")')
    ran, _ = fails(warm, 'client.containers.run("course/busybox", name="front")')
    assert "a container front is there already, made in L01 and not by this cell" in ran.shown_error


def test_the_traceback_is_folded_below(warm: LiveKernel, clean: docker.DockerClient) -> None:
    warm.must(SETUP)
    ran, _ = fails(warm, 'client.images.get("<b>")')
    (shown,) = ran.displays
    assert shown["text/html"].startswith("<details><summary>The whole traceback</summary><pre>")
    assert "<b>" not in shown["text/html"] and "&lt;b&gt;" in shown["text/html"]
    assert "client.images.get" in shown["text/plain"] and "\x1b" not in shown["text/plain"]


def test_after_a_restart_the_set_up_cell_is_named(warm: LiveKernel) -> None:
    warm.restart()
    ran, _ = fails(warm, 'client.containers.run("course/busybox")')
    assert "try next: run the set-up cell, the first one of the lesson" in ran.shown_error


def test_an_archive_without_a_name_is_known(warm: LiveKernel, clean: docker.DockerClient) -> None:
    warm.must(SETUP)
    warm.must("client.images.build(fileobj=io.BytesIO(b'FROM course/busybox\\nLABEL a=b'), tag='list:1')")
    warm.must("sent = b''.join(client.images.get('list:1').save()); client.images.remove('list:1')")
    warm.must("client.images.load(sent)")
    ran, _ = fails(warm, 'client.containers.run("list:1")')
    assert 'image.save(named="list:1")' in ran.shown_error


@pytest.mark.parametrize(
    ("cell", "error"),
    [("1 / 0", "ZeroDivisionError"), ("b''.nothing", "AttributeError"), ("print(nothing_like_it)", "NameError"),
     ("sorted([], names=1)", "TypeError")],
)  # fmt: skip
def test_other_errors_are_ipythons(warm: LiveKernel, cell: str, error: str) -> None:
    ran, lines = fails(warm, cell)
    assert ran.error == error and "Traceback" in "\n".join(lines) and not ran.displays


def test_code_that_catches_the_error_sees_docker_pys(warm: LiveKernel) -> None:
    warm.must(SETUP)
    assert (
        "No such image"
        in warm.must(
            "try: client.images.get('none')\nexcept docker.errors.ImageNotFound as no: print(no.explanation)"
        ).stdout
    )


@pytest.mark.parametrize(
    ("name", "there", "near"),
    [
        ("busybox", [], "course/busybox"),
        ("library/python:3.12", [], "course/python"),
        ("alpine:3", [], "course/busybox"),
        ("shop:2", ["shop:1", "shop:latest"], "shop"),
        ("shpo", ["shop:latest"], "shop"),
        ("nginx", ["shop:latest"], None),
    ],
)
def test_near_misses(name: str, there: list[str], near: str | None) -> None:
    assert near_image(name, there) == near
