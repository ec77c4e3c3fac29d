"""`reset()` waits until its cell is run by itself: Run All removes nothing."""

from __future__ import annotations

import docker
from live_kernel import LiveKernel

SETUP = """
import docker; client = docker.from_env()
from course.lesson import together
from course.lesson import reset, setup
together.TOGETHER_SECONDS = {}
setup("L00")
"""
MAKE = 'client.containers.create("course/busybox", name="mine")'


def test_run_all_removes_nothing_and_says_what_would(warm: LiveKernel, clean: docker.DockerClient) -> None:
    warm.must(SETUP.format(600), "a")
    warm.must(MAKE, "b")
    assert warm.must("reset()", "c").stdout.startswith("○ nothing was removed: reset() waits until this cell is run by")
    assert clean.containers.get("mine")


def test_by_itself_it_removes_what_the_lesson_made(warm: LiveKernel, clean: docker.DockerClient) -> None:
    warm.must(SETUP.format(0), "a")
    warm.must(MAKE, "b")
    assert warm.must("reset()", "c").stdout == "✓ removed 1 container: mine\n"


def test_where_nobody_sees_the_cells_each_counts_as_run_by_itself(warm: LiveKernel, clean: docker.DockerClient) -> None:
    warm.must(SETUP.format(600))
    warm.must(MAKE)
    assert warm.must("reset()").stdout == "✓ removed 1 container: mine\n"
