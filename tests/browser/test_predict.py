"""A learner answers a question with the keyboard alone, in a real browser, and the answer is kept."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

PATIENCE = 60_000  # milliseconds


def run_cell(page: Page, source: str) -> Locator:
    """Run the cell that holds this text to its end; the cell.

    Chromium drops every connection when a network interface appears (ERR_NETWORK_CHANGED), as one does for a container
    of any engine on this machine; JupyterLab then forgets what it had sent, and a learner runs the cell again.
    """
    cell = page.locator(".jp-CodeCell").filter(has_text=source).first
    for _ in range(5):
        cell.locator(".cm-content").click()
        page.keyboard.press("Shift+Enter")
        with suppress(AssertionError):
            expect(cell.locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]"), timeout=PATIENCE / 4)
            break
    return cell


def test_a_question_is_answered_with_the_keyboard(browser_page: Page, lab_url: str, artefacts: Path) -> None:
    page = browser_page
    base, token = re.match(r"(http://[^/]+)/.*token=(\w+)", lab_url).groups()  # type: ignore[union-attr]
    page.goto(f"{base}/lab/tree/L01-containers/L01-containers.ipynb?token={token}&reset")
    expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")).to_be_visible(timeout=PATIENCE)
    expect(run_cell(page, 'setup("L01")')).to_contain_text("session", timeout=PATIENCE)
    cell = run_cell(page, 'predict("L01-what-runs")')
    buttons, state = cell.get_by_role("radio"), cell.get_by_role("status")
    expect(state).to_contain_text("Not answered yet", timeout=PATIENCE)
    buttons.first.focus()
    page.keyboard.press("Space")
    expect(state).to_contain_text("✓ Your prediction: A", timeout=PATIENCE)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(state).to_contain_text("✓ Your prediction: B", timeout=PATIENCE)
    for number, checked in enumerate((False, True, False)):
        expect(buttons.nth(number)).to_be_checked(checked=checked, timeout=PATIENCE)
    page.screenshot(path=artefacts / "lab-predict.png")
