"""A page of JupyterLab or of Notebook 7, used as a learner does: by the keyboard, and by its menus."""

from __future__ import annotations

import json
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

PATIENCE = 60_000  # milliseconds
FOCUSED = "() => document.activeElement?.getAttribute('aria-label') ?? ''"
THEMES = ("JupyterLab Light", "JupyterLab Dark")
IDLE = {"lab": "text='Docker course | Idle'", "notebook": ".jp-Notebook-ExecutionIndicator[data-status=idle]"}
"""Where each front end says that the kernel waits for a cell."""
TABS = 60
"""How often Tab is pressed before a control counts as out of reach."""


@dataclass(frozen=True)
class FrontEnd:
    """A server and the front end that it was started for.

    Args:
        name: "lab" or "notebook".
        url: what the server printed; it holds the token.
        page: the browser's page.
    """

    name: str
    url: str
    page: Page

    def address(self, notebook: str) -> str:
        """The address of a notebook, by its path below the learner's folder."""
        base, token = server(self.url)
        # `reset` forgets JupyterLab's layout of an earlier test
        path = "lab/tree" if self.name == "lab" else "notebooks"
        return f"{base}/{path}/{notebook}?token={token}" + ("&reset" if self.name == "lab" else "")

    def open(self, notebook: str) -> Page:
        """Open a notebook, and wait until its kernel is idle."""
        self.page.goto(self.address(notebook))
        # the list of running kernels, which is closed, has the name too
        expect(self.page.get_by_text("Docker course").filter(visible=True).first).to_be_visible(timeout=PATIENCE)
        expect(self.page.locator(IDLE[self.name]).first).to_be_visible(timeout=PATIENCE)
        return self.page

    def end_kernels(self) -> None:
        """Shut every kernel of the server down by its REST API, as another page or an administrator does."""
        base, token = server(self.url)
        headers = {"Authorization": f"token {token}"}
        deadline = time.monotonic() + PATIENCE / 1000
        while not (listed := self.page.request.get(f"{base}/api/kernels", headers=headers)).ok:
            assert time.monotonic() < deadline, listed.text()  # a kernel that ends meanwhile fails the whole list
            time.sleep(0.1)
        for kernel in listed.json():
            self.page.request.delete(f"{base}/api/kernels/{kernel['id']}", headers=headers)


def server(url: str) -> tuple[str, str]:
    """The server's address and its token."""
    return re.match(r"(http://[^/]+)/.*token=(\w+)", url).groups()  # type: ignore[union-attr, return-value]


def run_cell(page: Page, number: int) -> Locator:
    """Run one code cell by the keyboard; the cell.

    Chromium drops every connection when a network interface appears (ERR_NETWORK_CHANGED), as one does for a container
    of any engine on this machine; the front end then forgets what it had sent, and a learner runs the cell again.
    """
    cell = page.locator(".jp-CodeCell").nth(number)
    for _ in range(5):
        cell.locator(".cm-content").click()
        expect(cell.locator(".cm-content")).to_be_focused(timeout=PATIENCE)
        page.keyboard.press("Shift+Enter")
        with suppress(AssertionError):
            expect(cell.locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[(\d+|\*)\]"), timeout=PATIENCE / 4)
            break
    return cell


def tab_to(page: Page, label: str) -> None:
    """Press Tab until the control with this name (`aria-label`) has the focus."""
    for _ in range(TABS):
        if page.evaluate(FOCUSED) == label:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {label!r}, but {page.evaluate(FOCUSED)!r}")


def choose_theme(page: Page, theme: str) -> None:
    """Choose one of `THEMES` in the Settings menu."""
    page.locator(".lm-MenuBar-item", has_text="Settings").click()
    page.locator(".lm-Menu-item", has_text="Theme").first.hover()
    page.locator(".lm-Menu-item", has_text=theme).filter(has_not_text="High Contrast").first.click()
    expect(page.locator(".lm-Menu")).to_have_count(0)
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme, timeout=PATIENCE)
    expect(page.locator("#jupyterlab-splash")).to_have_count(0, timeout=PATIENCE)  # it covers the page meanwhile


def saved_outputs(path: Path) -> list[dict[str, object]]:
    """Every output that a notebook file holds."""
    return [output for cell in json.loads(path.read_text())["cells"] for output in cell.get("outputs", ())]


def save(page: Page, path: Path) -> list[dict[str, object]]:
    """Save the notebook by the keyboard; the outputs in the file. A picture keeps the keys to itself: leave it."""
    page.locator(".jp-CodeCell .cm-content").last.click()
    page.keyboard.press("Control+s")
    end = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < end:
        with suppress(json.JSONDecodeError):  # the server is writing it
            if outputs := saved_outputs(path):
                return outputs
        time.sleep(0.05)
    raise AssertionError("the notebook was not saved")
