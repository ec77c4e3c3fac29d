"""One lesson's tab in JupyterLab, used as a person does: cells are chosen, typed into, and run with Shift+Enter."""

from __future__ import annotations

import re
from dataclasses import dataclass

from front_end import PATIENCE
from playwright.sync_api import Locator, Page, expect

CELL_MS = 180_000
"""How long a cell may take: a build, a registry, three containers."""
RUN_ALL_MS = 420_000
_RAN = re.compile(r"\[\d+\]")
_ACTIVE = re.compile(r"\bjp-mod-active\b")
_ERROR = "[data-mime-type='application/vnd.jupyter.error']"
_NEW = ".jp-OutputArea-child:not([data-old])"
_CARD = f"{_NEW} .slipway-exercise-card, {_NEW} {_ERROR}"
_UNDRAWN = "[data-mime-type='application/vnd.jupyter.widget-view+json']:not(:has(.slipway))"
_GROW_OLD = "(node) => node.querySelectorAll('.jp-OutputArea-child').forEach((one) => one.setAttribute('data-old', ''))"
_ALL_RAN = """
([panel, number]) => {
  const cells = [...panel.querySelectorAll('.jp-Notebook .jp-CodeCell')], last = cells.at(-1);
  const prompts = cells.map((cell) => cell.querySelector('.jp-InputArea .jp-InputPrompt')?.textContent ?? '');
  const error = panel.querySelector(".jp-OutputArea-child:not([data-old]) [data-mime-type$='jupyter.error']") !== null;
  if (error && !prompts.some((prompt) => prompt.includes('*'))) return true;
  return prompts.at(-1).includes(`[${number}]`) && last.querySelector('.jp-OutputArea-child:not([data-old])') !== null;
}
"""
"""The last cell has run after the others; or one has failed, and none waits."""


@dataclass
class LessonPage:
    """The tab that is in front.

    Args:
        page: the browser's page.
        ids: the ids of the notebook's cells, in order; cells that are added get one.
    """

    page: Page
    ids: list[str]

    @property
    def panel(self) -> Locator:
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    def wait_until_ready(self) -> None:
        """Wait until the notebook is shown and its kernel is idle."""
        expect(self.panel.locator(".jp-Notebook .jp-Cell")).to_have_count(len(self.ids), timeout=CELL_MS)
        expect(self.panel.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")).to_be_visible(timeout=CELL_MS)

    def cell(self, id_: str) -> Locator:
        """The cell with this id."""
        return self.panel.locator(".jp-Notebook .jp-Cell").nth(self.ids.index(id_))

    def text(self, id_: str) -> str:
        """What the cell's output shows, in view or not: `innerText` of what is out of view is empty."""
        return self.cell(id_).locator(".jp-Cell-outputArea").text_content() or ""

    def failed(self, id_: str) -> bool:
        """Whether the cell ended in an error."""
        return self.cell(id_).locator(_ERROR).count() > 0

    def write(self, id_: str, source: str) -> None:
        """Put text into a cell, in the place of what is there."""
        editor = self.cell(id_).locator(".cm-content")
        editor.click()
        expect(editor).to_be_focused(timeout=PATIENCE)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(source)
        expect(editor.locator(".cm-line")).to_have_text(source.split("\n"), timeout=PATIENCE)

    def run(self, id_: str) -> str:
        """Click into a cell, press Shift+Enter and wait for its end; what it shows.

        A cell whose code is folded can't be clicked into: the one before must have run last.
        """
        if not self.is_folded(id_):
            editor = self.cell(id_).locator(".cm-content")
            editor.click()
            expect(editor).to_be_focused(timeout=PATIENCE)
        return self.run_next(id_)

    def run_next(self, id_: str) -> str:
        """Press Shift+Enter wherever the focus is; the cell with this id is what must run."""
        cell = self.cell(id_)
        expect(cell).to_have_class(_ACTIVE, timeout=PATIENCE)
        cell.evaluate(_GROW_OLD)
        if self.is_folded(id_):  # it has no prompt; the card is what it ends with
            self.page.keyboard.press("Shift+Enter")
            expect(cell.locator(_CARD)).not_to_have_count(0, timeout=CELL_MS)
        else:
            prompt = cell.locator(".jp-InputArea .jp-InputPrompt")
            before = prompt.text_content() or ""
            self.page.keyboard.press("Shift+Enter")
            expect(prompt).not_to_have_text(before, timeout=PATIENCE)
            expect(prompt).to_have_text(_RAN, timeout=CELL_MS)
        expect(cell.locator(_UNDRAWN)).to_have_count(0, timeout=PATIENCE)
        return self.text(id_)

    def is_folded(self, id_: str) -> bool:
        """Whether the cell shows three dots in place of its code."""
        return self.cell(id_).locator(".jp-InputPlaceholder").count() > 0

    def add_below(self, id_: str, new: str, source: str) -> str:
        """Add a cell below the one that has just run, type into it, and run it; what it shows."""
        following = self.ids.index(id_) + 1
        expect(self.cell(self.ids[following])).to_have_class(_ACTIVE, timeout=PATIENCE)
        self.page.keyboard.press("a")
        self.ids.insert(following, new)
        expect(self.panel.locator(".jp-Notebook .jp-Cell")).to_have_count(len(self.ids), timeout=PATIENCE)
        self.write(new, source)
        return self.run(new)

    def predict(self, id_: str) -> str:
        """Answer the question of a cell with its first option, by the keyboard; the focus goes to the next cell.

        Returns:
            The option.
        """
        option = self.cell(id_).locator(".slipway-option").first
        option.locator("input").focus()
        self.page.keyboard.press("Space")
        self.page.keyboard.press("Enter")
        expect(option).to_contain_text("your prediction", timeout=PATIENCE)
        following = self.panel.locator(".jp-Notebook .jp-Cell").nth(self.ids.index(id_) + 1)
        expect(following).to_be_focused(timeout=PATIENCE)
        return option.inner_text()

    def restart_and_run_all(self) -> None:
        """Kernel ▸ Restart Kernel and Run All Cells…, and wait until every cell has run, or one has failed."""
        panel = self.panel.element_handle()
        panel.evaluate(_GROW_OLD)
        self.menu("Kernel", "Restart Kernel and Run All Cells")
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        expect(self.page.locator(".jp-Dialog")).to_have_count(0)
        number = self.panel.locator(".jp-Notebook .jp-CodeCell").count()
        self.page.wait_for_function(_ALL_RAN, arg=[panel, number], timeout=RUN_ALL_MS, polling=250)
        expect(self.panel.locator(_UNDRAWN)).to_have_count(0, timeout=PATIENCE)

    def errors(self) -> list[str]:
        """The texts of all errors in the notebook."""
        return self.panel.locator(_ERROR).all_text_contents()

    def save(self) -> None:
        """File ▸ Save Notebook, until no change is left."""
        self.menu("File", "Save Notebook")
        current = self.page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab.lm-mod-current")
        expect(current).not_to_have_class(re.compile("jp-mod-dirty"), timeout=PATIENCE)

    def menu(self, name: str, *entries: str) -> None:
        """Choose an entry of the menu bar, or of a menu in it."""
        self.page.locator(".lm-MenuBar-item").get_by_text(name, exact=True).click()
        for entry in entries[:-1]:
            self.page.locator(".lm-Menu-item").get_by_text(entry, exact=True).first.hover()
        self.page.locator(".lm-Menu-item").get_by_text(re.compile(rf"^{entries[-1]}…?$")).first.click()
        expect(self.page.locator(".lm-Menu")).to_have_count(0)
