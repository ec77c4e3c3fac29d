"""A picture's own JavaScript in a real browser, without a notebook and without a kernel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page

from course.widgets.drawn import FOLDER, Drawn

MOCK = Path(__file__).with_name("mock_model.js")
DARK = {
    "--jp-layout-color1": "#111",
    "--jp-layout-color2": "#2e2e2e",
    "--jp-ui-font-color0": "#fff",
    "--jp-layout-color0": "#111",
}
"""What the pictures use of JupyterLab's dark theme."""


@dataclass(frozen=True)
class Mounted:
    """A page with one picture in it, and its mocked kernel.

    Args:
        page: the browser's page.
        root: the picture.
    """

    page: Page
    root: Locator

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The messages that the picture sent to its kernel."""
        return list(self.page.evaluate("kernelEnd.sent"))

    def set(self, **values: Any) -> None:
        """Change traits, as a kernel does."""
        self.page.evaluate("values => kernelEnd.set(values)", values)

    def answer(self, **message: Any) -> None:
        """Send the picture a message of its kernel."""
        self.page.evaluate("message => kernelEnd.answer(message)", message)

    def theme(self, dark: bool) -> None:
        """Wear JupyterLab's dark theme, or its light one."""
        self.page.evaluate(
            """([dark, colours]) => {
                document.body.dataset.jpThemeLight = String(!dark);
                for (const [name, colour] of Object.entries(colours))
                    dark ? document.body.style.setProperty(name, colour) : document.body.style.removeProperty(name);
                document.body.style.background = dark ? "#111" : "#fff";
            }""",
            [dark, DARK],
        )


def mount(page: Page, scripts: tuple[str, ...], styles: tuple[str, ...], **values: Any) -> Mounted:
    """Load files of `course/widgets` as a picture does, and draw these values."""
    esm, css = ("\n".join((FOLDER / name).read_text() for name in names) for names in (scripts, styles))
    return _mount(page, esm, css, values)


def draw_picture(page: Page, picture: Drawn) -> Mounted:
    """Draw a picture as it is now, by its own files."""
    values = {name: getattr(picture, name) for name in picture.traits(sync=True) if not name.startswith("_")}
    values = {name: value for name, value in values.items() if isinstance(value, dict | str | int | float | list)}
    return _mount(page, str(picture._esm), str(picture._css), values)


def _mount(page: Page, esm: str, css: str, values: dict[str, Any]) -> Mounted:
    page.set_content("<!doctype html><html lang='en'><head><title>a picture</title></head><body></body></html>")
    page.add_script_tag(path=MOCK)
    page.evaluate("([esm, css, values]) => mount(esm, css, values)", [esm, css, values])
    return Mounted(page, page.locator(".slipway"))


def serious(page: Page, selector: str = ".slipway") -> list[str]:
    """What axe-core finds in a part of the page that is serious or critical: rule, words, and the element."""
    found = Axe().run(page, context=selector).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {node['html']}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
