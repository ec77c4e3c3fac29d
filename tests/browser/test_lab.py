"""A learner opens JupyterLab and runs the first cells of a lesson in the course kernel, against the real engine."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect


def open_lesson(page: Page, url: str, lesson: str) -> None:
    """Open one lesson's notebook and wait for its kernel."""
    base, token = re.match(r"(http://[^/]+)/.*token=(\w+)", url).groups()  # type: ignore[union-attr]
    page.goto(f"{base}/lab/tree/{lesson}/{lesson}.ipynb?token={token}&reset")
    expect(page.locator(".jp-Notebook .jp-Cell").first).to_be_visible()
    expect(page.get_by_text("Docker course").filter(visible=True).first).to_be_visible()
    expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")).to_be_visible()


def run_cells(page: Page, number: int) -> None:
    """Run the first cells one after another, as Shift+Enter does, each to its end."""
    page.locator(".jp-Notebook .jp-Cell").first.click()
    page.keyboard.press("Escape")
    for _ in range(number):
        page.keyboard.press("Shift+Enter")
    expect(page.locator(".jp-InputPrompt").filter(has_text="[*]")).to_have_count(0)


def test_the_first_cells_of_l01_show_a_containers_output(browser_page: Page, lab_url: str, artefacts: Path) -> None:
    open_lesson(browser_page, lab_url, "L01-containers")
    run_cells(browser_page, 6)
    outputs = browser_page.locator(".jp-Notebook .jp-OutputArea-output")
    expect(outputs.first).to_contain_text("session")
    browser_page.screenshot(path=artefacts / "lab-L01.png")
    text = " ".join(outputs.all_inner_texts())
    assert "Traceback" not in text
    assert re.search(r"✓", text), text


def test_the_lab_opens_on_the_welcome_lesson(browser_page: Page, lab_url: str, artefacts: Path) -> None:
    browser_page.goto(f"{lab_url}&reset")  # a fresh layout, as a new learner has
    expect(browser_page.locator(".jp-Notebook h1").first).to_contain_text("Welcome", timeout=60_000)
    assert "L00-welcome" in browser_page.url
    expect(browser_page.get_by_text("Would you like to get notified")).to_have_count(0)
    browser_page.screenshot(path=artefacts / "lab-L00.png")


def test_the_home_page_leads_to_a_lesson_and_each_lesson_to_the_next(
    browser_page: Page, lab_url: str, artefacts: Path
) -> None:
    base, token = re.match(r"(http://[^/]+)/.*token=(\w+)", lab_url).groups()  # type: ignore[union-attr]
    browser_page.goto(f"{base}/lab/tree/Home/Home.ipynb?token={token}&reset")
    go_on = browser_page.get_by_role("link", name=re.compile("^(Begin|Continue): L0"))
    expect(go_on).to_be_in_viewport(timeout=60_000)
    browser_page.screenshot(path=artefacts / "lab-home.png")
    lesson = go_on.inner_text().split()[1]
    go_on.click()
    expect(browser_page.locator(".jp-Notebook:visible h1").first).to_contain_text(lesson, timeout=60_000)
    open_lesson(browser_page, lab_url, "L01-containers")
    run_cells(browser_page, 2)
    expect(browser_page.get_by_role("link", name="Home", exact=True)).to_be_visible()
    browser_page.screenshot(path=artefacts / "lab-way.png")
    browser_page.get_by_role("link", name=re.compile("^L02 .* →$")).click()
    expect(browser_page.locator(".jp-Notebook:visible h1").first).to_contain_text("L02", timeout=60_000)


def test_a_released_lesson_holds_no_solution(lab_url: str, lab_workspace: Path) -> None:
    texts = [path.read_text() for path in lab_workspace.glob("L*/*.ipynb")]
    assert texts
    for text in texts:
        assert "BEGIN SOLUTION" not in text and "BEGIN HIDDEN TESTS" not in text
    assert not list(lab_workspace.glob("**/answers")) and not list(lab_workspace.glob("**/instructor.md"))


def test_nothing_of_the_lab_is_an_instructors(browser_page: Page, lab_url: str, lab_workspace: Path) -> None:
    open_lesson(browser_page, lab_url, "L00-welcome")
    expect(browser_page.locator(".lm-MenuBar-item")).not_to_have_count(0)
    expect(browser_page.get_by_text(re.compile("nbgrader|Formgrader|Validate|Create Assignment", re.I))).to_have_count(
        0
    )
    (log,) = (path.read_text() for path in lab_workspace.glob(".server-*.log"))
    for line in ("nbgrader", "without encryption", "is not trusted", "Traceback"):
        assert line not in log
