"""A real JupyterLab as `make lab` starts it, and a real browser."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import docker
import nbformat
import pytest
from front_end import FrontEnd
from nbformat.v4 import new_code_cell, new_notebook
from notebook_server import FLAGS, chromium_path, served
from playwright.sync_api import Browser, Page, expect, sync_playwright

ARTEFACTS = Path(__file__).resolve().parents[2] / "artefacts"
expect.set_options(timeout=60_000)  # milliseconds; a deadline for a busy machine, not a wait


@pytest.fixture(scope="session")
def artefacts() -> Path:
    """The folder of screenshots that CI keeps."""
    ARTEFACTS.mkdir(exist_ok=True)
    return ARTEFACTS


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; an empty profile is Playwright's own way.

    It ends with its module: Playwright keeps an event loop in this thread, and no other test could run one meanwhile.
    """
    path = chromium_path()
    if path is None:
        pytest.skip("no Chromium: `make setup` and `sudo apt-get install chromium` bring it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def browser_page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page
    context.close()


@pytest.fixture(scope="session")
def lab_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("learner")


@pytest.fixture(scope="session")
def lab_url(engine_url: str, lab_workspace: Path) -> Iterator[str]:
    """The address that `make lab ARGS=--no-browser` prints."""
    yield from _server(lab_workspace, [])


@pytest.fixture(scope="session")
def notebook_url(engine_url: str, lab_workspace: Path) -> Iterator[str]:
    """The same learner's folder in Notebook 7."""
    yield from _server(lab_workspace, ["--notebook"])


@pytest.fixture(params=["lab", "notebook"])
def front(request: pytest.FixtureRequest, browser_page: Page) -> FrontEnd:
    """JupyterLab, then Notebook 7: a test that asks for it runs in both."""
    return FrontEnd(request.param, request.getfixturevalue(f"{request.param}_url"), browser_page)


@pytest.fixture
def open_notebook(front: FrontEnd, lab_workspace: Path) -> Iterator[Callable[..., Page]]:
    """Write a notebook of these cells into the learner's folder and open it: `open_notebook("a.ipynb", "1 + 1")`."""
    written: list[Path] = []

    def opened(name: str, *cells: str) -> Page:
        path = lab_workspace / name
        book = new_notebook(cells=[new_code_cell(cell) for cell in cells])
        book.metadata.kernelspec = {"name": "slipway", "display_name": "Docker course", "language": "python"}
        nbformat.write(book, path)
        written.append(path)
        return front.open(name)

    yield opened
    front.end_kernels()
    for path in written:
        path.unlink(missing_ok=True)


@pytest.fixture
def learner(lab_workspace: Path) -> Iterator[docker.DockerClient]:
    """The session of the learner's folder, empty afterwards."""
    from course.gateway import attach
    from course.lesson.belongings import holdings, remove

    with attach(lab_workspace) as lease, closing(docker.DockerClient(lease.session.url, timeout=60)) as inside:
        yield inside
        for container in inside.containers.list(filters={"status": "paused"}):
            container.unpause()
        remove(inside, list(holdings(inside)))


@pytest.fixture(autouse=True)
def _nothing_stays_behind() -> None:
    """One workspace's session serves every test here; what it made is removed when its server's lease has ended."""


@pytest.fixture(autouse=True, scope="module")
def _nothing_stays_behind_of_a_module(engine: docker.DockerClient) -> Iterator[None]:
    """Whatever the lessons made belongs to a session, and goes with it."""
    yield
    for container in engine.containers.list(all=True):
        assert container.labels.get("org.slipway.session"), f"{container.name} belongs to no session"


def _server(workspace: Path, options: list[str]) -> Iterator[str]:
    asked = " ".join(["--no-browser", "--port={port}", f"--workspace={workspace}", *options])
    with served(workspace, ["make", "--directory", str(ARTEFACTS.parent), "lab", f"ARGS={asked}"]) as url:
        yield url


def kernels(url: str) -> list[dict[str, object]]:
    """The kernels that a server runs, by its REST API."""
    base, token = re.match(r"(http://[^/]+)/.*token=(\w+)", url).groups()  # type: ignore[union-attr]
    with urllib.request.urlopen(f"{base}/api/kernels?token={token}") as answer:
        return list(json.load(answer))
