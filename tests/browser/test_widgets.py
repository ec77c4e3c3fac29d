"""A learner uses the live pictures in both front ends with the keyboard alone; the engine and the file are asked."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from pathlib import Path

import docker
from both_themes import take_both_themes
from front_end import FOCUSED, PATIENCE, FrontEnd, run_cell, save, saved_outputs, tab_to
from playwright.sync_api import Locator, Page, expect

HOSTILE = "<img src=x onerror=document.title='taken'>"
SHOW_MAP = "from course.widgets import engine_map\nengine_map()"


def test_the_map_is_used_with_the_keyboard_and_saved_as_a_page(
    open_notebook: Callable[..., Page],
    learner: docker.DockerClient,
    front: FrontEnd,
    lab_workspace: Path,
    artefacts: Path,
) -> None:
    page = open_notebook("map.ipynb", SHOW_MAP)
    web = learner.containers.create("course/busybox", ["sh", "-c", f'echo "{HOSTILE}"; sleep 600'], name="web")
    learner.containers.create("course/python", ["true"], name="job")
    picture = run_cell(page, 0).locator(".slipway")
    expect(picture.locator("[data-id]", has_text="web")).to_contain_text("○ created", timeout=PATIENCE)
    picture.focus()
    tab_to(page, "Start web")
    expect(picture.locator(".slipway-line")).to_have_text("docker.from_env().containers.get('web').start()")
    page.keyboard.press("Enter")
    expect(picture.locator("[data-id]", has_text="web")).to_contain_text("▶ running", timeout=PATIENCE)
    web.reload()
    assert web.status == "running"
    assert page.evaluate(FOCUSED) == "Stop web", "the focus stays on the button while its word changes"
    tab_to(page, "Log web")
    page.keyboard.press("Space")
    expect(picture.locator(".slipway-log")).to_contain_text(HOSTILE, timeout=PATIENCE)
    assert picture.locator("img").count() == 0 and page.title() != "taken"
    tab_to(page, "Remove web")
    page.keyboard.press("Enter")
    expect(picture.get_by_role("status")).to_contain_text("stop it first")
    take_both_themes(front, picture, artefacts, "engine-map")
    tab_to(page, "Stop web")
    picture.get_by_role("button", name="Copy").press("Enter")
    expect(picture.get_by_role("status")).to_contain_text("✓ copied")
    page.locator(".jp-CodeCell .cm-content").last.click()
    for key in ("Control+End", "Enter", "Control+v"):
        page.keyboard.press(key)
    expect(page.locator(".jp-CodeCell .cm-content").last).to_contain_text(".containers.get('web').stop(timeout=")
    picture.focus()
    tab_to(page, "Stop web")
    page.keyboard.press("Enter")
    expect(picture.locator("[data-id]", has_text="web")).to_contain_text("■ exited", timeout=PATIENCE)
    tab_to(page, "Remove web")
    page.keyboard.press("Enter")
    expect(picture.locator(".slipway-container", has_text="web")).to_have_count(0, timeout=PATIENCE)
    assert [container.name for container in learner.containers.list(all=True)] == ["job"]
    assert page.evaluate(FOCUSED) == "Start job", "the focus goes to the next container"
    reopened_without_a_kernel(front, lab_workspace / "map.ipynb", "Engine map: 4 images")


def test_a_layer_is_opened_with_the_keyboard(
    open_notebook: Callable[..., Page],
    learner: docker.DockerClient,
    front: FrontEnd,
    lab_workspace: Path,
    artefacts: Path,
) -> None:
    recipe = f'FROM course/busybox\nRUN echo hi > "/{HOSTILE}"\n'
    learner.images.build(fileobj=io.BytesIO(recipe.encode()), tag="shop:1", rm=True)
    web = learner.containers.run("shop:1", ["sleep", "600"], name="web", detach=True)
    page = open_notebook("layers.ipynb", "from course.widgets import layers\nlayers('course/busybox', 'shop:1', 'web')")
    picture = run_cell(page, 0).locator(".slipway")
    expect(picture.locator(".slipway-layer")).to_have_count(2, timeout=PATIENCE)
    picture.focus()
    tab_to(page, "Files of layer 2 of shop:1, web")
    page.keyboard.press("Enter")
    expect(picture.locator(".slipway-opened")).to_contain_text(f"+ added /{HOSTILE}", timeout=PATIENCE)
    assert picture.locator("img").count() == 0 and page.title() != "taken"
    web.exec_run(["touch", "/own-file"])
    expect(picture.locator(".slipway-own").last).to_contain_text("/own-file", timeout=PATIENCE)
    take_both_themes(front, picture, artefacts, "layers")
    reopened_without_a_kernel(front, lab_workspace / "layers.ipynb", "Layers: course/busybox:latest, shop:1, web")


def cancel_with_the_keyboard(page: Page, cell: Locator) -> None:
    """Press the button Cancel of the work that a cell shows; the cell ends as interrupted."""
    cell.locator(".slipway").focus()
    tab_to(page, "Steps")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(cell.locator(".jp-OutputArea")).to_contain_text("KeyboardInterrupt", timeout=PATIENCE)


def build_ends(engine: docker.DockerClient, command: str) -> None:
    """Wait until no container of a build runs this command any more."""
    end = time.monotonic() + PATIENCE / 1000
    while command in str([one["Command"] for one in engine.api.containers(all=True)]):
        assert time.monotonic() < end, "the build goes on"
        time.sleep(0.05)


def test_a_long_call_of_plain_docker_py_shows_itself_and_is_cancelled_with_the_keyboard(
    open_notebook: Callable[..., Page],
    learner: docker.DockerClient,
    engine: docker.DockerClient,
    front: FrontEnd,
    artefacts: Path,
) -> None:
    page = open_notebook(
        "plain.ipynb",
        "import docker, io\nfile = io.BytesIO(b'FROM course/busybox\\nRUN sleep 614\\nCMD true')\n"
        "docker.from_env().images.build(fileobj=file, tag='plain')",
    )
    cell = run_cell(page, 0)
    expect(cell.locator(".slipway")).to_contain_text("2 RUN sleep 614", timeout=PATIENCE)
    take_both_themes(front, cell.locator(".slipway"), artefacts, "long-call")
    cancel_with_the_keyboard(page, cell)
    expect(cell.locator(".slipway")).to_contain_text("✗ build plain: stopped before its end")
    build_ends(engine, "sleep 614")


def test_a_build_is_cancelled_with_the_keyboard(
    open_notebook: Callable[..., Page],
    learner: docker.DockerClient,
    engine: docker.DockerClient,
    front: FrontEnd,
    lab_workspace: Path,
    artefacts: Path,
) -> None:
    page = open_notebook(
        "build.ipynb",
        "%%dockerfile long\nFROM course/busybox\nRUN sleep 613\nCMD true",
        "%%dockerfile short\nFROM course/busybox\nRUN echo hello > /hello\nRUN exit 3",
    )
    cell = run_cell(page, 0)
    expect(cell.locator(".slipway [data-id='2']")).to_contain_text("… running", timeout=PATIENCE)
    cancel_with_the_keyboard(page, cell)
    expect(cell.locator(".slipway [data-id='2']")).to_contain_text("✗ stopped")
    expect(cell.locator(".slipway [data-id='3']")).to_contain_text("○ not begun")
    expect(cell.locator(".slipway")).to_have_count(1)
    build_ends(engine, "sleep 613")
    # a kernel refuses what arrives before its answer to the interrupted cell has gone out
    expect(cell.locator(".jp-InputPrompt")).to_have_text("[1]:", timeout=PATIENCE)
    failed = run_cell(page, 1)
    expect(failed.locator(".slipway [data-id='3']")).to_contain_text("✗ failed", timeout=PATIENCE)
    expect(failed.locator(".slipway")).to_contain_text("→   3 RUN exit 3")
    take_both_themes(front, failed.locator(".slipway"), artefacts, "build")
    page.locator(".jp-CodeCell .cm-content").last.click()
    page.keyboard.press("Control+s")
    end = time.monotonic() + PATIENCE / 1000
    while "RUN exit 3" not in str(kept := picture_texts(lab_workspace / "build.ipynb")):
        assert time.monotonic() < end, kept
        time.sleep(0.05)
    assert "✗ stopped" in kept[0] and "✗ failed" in kept[1]


def test_a_page_that_stays_open_after_its_kernel_says_so(
    open_notebook: Callable[..., Page], learner: docker.DockerClient, front: FrontEnd
) -> None:
    picture = run_cell(open_notebook("ended.ipynb", SHOW_MAP), 0).locator(".slipway")
    expect(picture).to_contain_text("course/busybox", timeout=PATIENCE)
    expect(picture.locator(".slipway-over")).to_have_text("")
    front.end_kernels()
    expect(picture.locator(".slipway-over")).to_contain_text("has ended", timeout=PATIENCE)
    expect(picture).to_contain_text("course/busybox")


def test_a_life_is_stepped_through_with_the_keyboard(
    open_notebook: Callable[..., Page],
    learner: docker.DockerClient,
    front: FrontEnd,
    lab_workspace: Path,
    artefacts: Path,
) -> None:
    web = learner.containers.create("course/busybox", ["sleep", "600"], name="web")
    page = open_notebook("life.ipynb", "from course.widgets import lifecycle\nlifecycle('web')")
    picture = run_cell(page, 0).locator(".slipway")
    present = picture.locator("[aria-current=step]")
    expect(present).to_contain_text("○ created", timeout=PATIENCE)
    picture.focus()
    for act, status in (("Start", "running"), ("Pause", "paused")):
        tab_to(page, f"{act} web")
        page.keyboard.press("Enter")
        expect(present).to_contain_text(status, timeout=PATIENCE)
        web.reload()
        assert web.status == status
    assert page.evaluate(FOCUSED) == "Continue web", "the focus stays among the buttons"
    take_both_themes(front, picture, artefacts, "lifecycle")
    for act, status in (("Continue", "running"), ("Stop", "exited"), ("Remove", "removed")):
        picture.focus()
        tab_to(page, f"{act} web")
        page.keyboard.press("Space")
        expect(present).to_contain_text(status, timeout=PATIENCE)
    assert learner.containers.list(all=True) == []
    expect(picture.get_by_role("status")).to_contain_text("removed")
    reopened_without_a_kernel(front, lab_workspace / "life.ipynb", "Life of container web")


def picture_texts(path: Path) -> list[str]:
    """The text twins in a notebook file; no output there names a model."""
    try:
        outputs = [output["data"] for output in saved_outputs(path) if "data" in output]
    except json.JSONDecodeError:
        return []  # the server is writing it
    assert all(set(data) == {"text/plain", "text/html"} for data in outputs)  # type: ignore[call-overload]  # JSON
    return ["".join(data["text/plain"]) for data in outputs]  # type: ignore[index]  # JSON


def reopened_without_a_kernel(front: FrontEnd, path: Path, words: str) -> None:
    """Save, end the kernel, open the notebook again: its static page is there, and no complaint about a model."""
    page = front.page
    (output,) = save(page, path)
    assert set(output["data"]) == {"text/plain", "text/html"}  # type: ignore[call-overload]  # JSON
    front.end_kernels()
    page.goto(front.address(path.name))
    expect(page.locator(".jp-OutputArea-output")).to_contain_text(words, timeout=PATIENCE)
    expect(page.get_by_text("model not found")).to_have_count(0)
    expect(page.locator(".slipway")).to_have_count(0)
