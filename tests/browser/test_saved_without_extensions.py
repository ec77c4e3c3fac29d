"""A saved lesson in a viewer that runs no script and has no extension: each picture is there as a static page."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Browser

from course.widgets.snapshot import MARK

CELLS = (
    "import docker\nfrom course.widgets import engine_map, layers, lifecycle\nclient = docker.from_env()\n"
    "web = client.containers.run('course/busybox', ['sleep', '600'], name='web', detach=True)",
    "engine_map()",
    "lifecycle(web)",
    "layers('course/busybox')",
    "web.remove(force=True)",
)
SHOWN = {1: "course/busybox", 2: "running", 3: "layer"}
"""What a reader finds in each picture, by its cell."""


@pytest.fixture(scope="module")
def saved(engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook with three pictures, run by the course kernel as any front end starts it, and saved as a page."""
    folder = tmp_path_factory.mktemp("saved")
    node = new_notebook(cells=[new_code_cell(cell) for cell in CELLS])
    node.metadata["kernelspec"] = {"name": "slipway", "display_name": "Docker course"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLIPWAY_ENGINE", engine_url)
        patch.setenv("SLIPWAY_WORKSPACE", str(folder))
        NotebookClient(node, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    nbformat.write(node, folder / "saved.ipynb")
    page, _ = HTMLExporter(template_name="basic", embed_images=True).from_filename(str(folder / "saved.ipynb"))
    (folder / "saved.html").write_text(page, "utf-8")
    return folder


def test_each_picture_is_saved_as_text_and_page_alone(saved: Path) -> None:
    node = nbformat.read(saved / "saved.ipynb", as_version=4)
    for number, fact in SHOWN.items():
        (output,) = node.cells[number].outputs
        assert {"text/plain", "text/html"} <= set(output.data)
        assert fact in output.data["text/plain"] and fact in output.data["text/html"]
        assert "<script" not in output.data["text/html"]


def test_they_are_visible_without_scripts_and_without_a_network(chromium: Browser, saved: Path) -> None:
    context = chromium.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((saved / "saved.html").as_uri())
    pictures = page.locator(f"[{MARK}]")
    assert pictures.count() == len(SHOWN)
    for place, fact in enumerate(SHOWN.values()):
        assert pictures.nth(place).is_visible() and fact in pictures.nth(place).inner_text()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    context.close()
