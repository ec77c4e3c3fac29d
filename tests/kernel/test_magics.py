"""The magics in a real kernel, on a real session."""

from __future__ import annotations

from pathlib import Path

import docker
import nbformat
import pytest
from live_kernel import LiveKernel

from course.gateway import Session
from course.paths import state_dir


def test_dockerfile_writes_builds_and_shows_in_place(
    warm: LiveKernel, clean: docker.DockerClient, kernel_folder: Path
) -> None:
    ran = warm.must("%%dockerfile shop:1 --tag shop:2 --build-arg A=b\nFROM course/busybox\nARG A\nRUN echo $A")
    assert (kernel_folder / "Dockerfile").read_text() == "FROM course/busybox\nARG A\nRUN echo $A\n"
    assert len(ran.displays) == 1 and ran.updates >= 3
    assert (
        "3/3  RUN echo $A" in ran.displays[0]["text/plain"]
        and "✓ shop:1, shop:2 is built" in ran.displays[0]["text/html"]
    )
    assert clean.images.get("shop:2").tags


def test_an_image_with_a_folder_of_its_name_is_built_from_that_folder(
    warm: LiveKernel, clean: docker.DockerClient, kernel_folder: Path
) -> None:
    (kernel_folder / "till").mkdir()
    (kernel_folder / "till" / "price").write_text("3")
    warm.must("%%dockerfile till:1\nFROM course/busybox\nCOPY price /")
    assert (kernel_folder / "till" / "Dockerfile").exists()


def test_a_name_that_no_image_can_have_is_refused_in_words(warm: LiveKernel) -> None:
    ran = warm.run("%%dockerfile Shop\nFROM course/busybox")
    assert (ran.error, "lowercase" in ran.shown_error) == ("CourseError", True)


def test_a_dockerfile_outside_its_context_is_refused(warm: LiveKernel, clean: docker.DockerClient) -> None:
    ran = warm.run("%%dockerfile shop --file ../../escaped\nFROM course/busybox")
    assert (ran.error, "inside the build context" in ran.shown_error) == ("CourseError", True)


def test_a_build_that_fails_raises_and_shows_no_traceback(warm: LiveKernel, clean: docker.DockerClient) -> None:
    ran = warm.run("%%dockerfile shop\nFROM course/busybox\nRUN exit 4\nCMD echo hi")
    assert ran.error == "BuildFailed"
    assert "at:       line 2: RUN exit 4" in ran.shown_error and "Traceback" not in ran.shown_error
    assert "→   2 RUN exit 4" in ran.displays[0]["text/plain"]
    assert "DL3025" in ran.displays[0]["text/plain"], "the advice stands below, also after a failure"


@pytest.mark.parametrize("text", ["# TODO: write it\n# your code here", "", "  \n# syntax=docker/dockerfile:1"])
def test_a_dockerfile_that_is_not_written_yet_is_not_attempted_and_no_error(
    warm: LiveKernel, clean: docker.DockerClient, kernel_folder: Path, text: str
) -> None:
    ran = warm.must(f"%%dockerfile later\n{text}\n")
    assert ran.displays[0]["text/plain"].startswith("○ not attempted: the Dockerfile of later has no instruction yet")
    assert "○ not attempted" in ran.displays[0]["text/html"]
    assert (kernel_folder / "Dockerfile").exists()
    assert not clean.images.list("later")


def test_a_line_that_is_no_instruction_is_an_error_also_alone(warm: LiveKernel, clean: docker.DockerClient) -> None:
    assert warm.run("%%dockerfile later\nhello").error == "BuildFailed"


def test_docker_runs_the_command_in_the_session(
    warm: LiveKernel, clean: docker.DockerClient, shared_session: Session
) -> None:
    clean.containers.create("course/busybox", name="anchor")
    assert "anchor" in warm.must("%docker ps --all --format '{{.Names}}'").stdout


def test_a_docker_command_that_fails_raises(warm: LiveKernel) -> None:
    ran = warm.run("%docker inspect no-such-thing")
    assert ran.error == "CommandFailed" and "exit code 1" in ran.shown_error


def test_without_the_docker_command_the_words_say_what_to_do(warm: LiveKernel) -> None:
    warm.must("import os; path = os.environ['PATH']; os.environ['PATH'] = '/nonexistent'")
    try:
        ran = warm.run("%docker ps")
    finally:
        warm.must("os.environ['PATH'] = path")
    assert ran.error == "NoDockerCommand" and "docker.from_env()" in ran.shown_error


@pytest.mark.parametrize("line", ["%reset -f", "%setup", "%score L01 L02"])
def test_an_argument_that_a_magic_does_not_have_is_refused(warm: LiveKernel, line: str) -> None:
    assert warm.run(line).error == "UsageError" or "usage" in warm.run(line).stderr.lower()


def test_setup_hint_score_and_reset_are_the_functions_of_course_lesson(
    warm: LiveKernel, clean: docker.DockerClient
) -> None:
    (state_dir() / "progress" / "progress.json").unlink(missing_ok=True)  # other tests read hints too
    assert warm.must("%setup L00").stdout.startswith("✓ engine ")
    assert warm.must("%hint L00-first-container").stdout.startswith("Hint 1 of 3: ")
    assert "L00-first-container  ○ not attempted" in warm.must("%score").stdout
    clean.containers.create("course/busybox", name="first")
    assert "✓ removed 1 container: first" in warm.must("%reset").stdout


def test_hint_without_an_id_takes_the_nearest_exercise_above(warm: LiveKernel, kernel_folder: Path) -> None:
    goal, cell = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    book = nbformat.v4.new_notebook(
        cells=[
            goal("one", id="L01-life-cycle-goal", metadata={"tags": ["exercise"]}),
            cell("%hint", id="first"),
            goal("two", id="L01-stay-up-goal", metadata={"tags": ["exercise"]}),
            cell("%hint", id="second"),
        ]
    )
    path = kernel_folder / "L01-hints.ipynb"
    nbformat.write(book, path)
    warm.must("%setup L01")
    assert warm.must("%hint", "first").stdout.startswith("Three states (L01-life-cycle)\nHint 1 of 3: ")
    assert warm.must("%hint", "second").stdout.startswith("Open the shop (L01-stay-up)\nHint 1 of 3: ")
    added = warm.must("%hint", "not saved yet")
    assert added.stdout.startswith("Open the shop (L01-stay-up)\nHint 2 of 3: "), "the exercise that ran last"
    path.unlink()
