"""Each page of feedback and the report of a class with hostile learners, in a browser that counts the scripts: none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from made_class import MadeClass
from msgspec import structs
from playwright.sync_api import Browser, Page
from small_course import LESSON

from grader.examine.examination import Examination

MARK = "document.title='owned'"
WAYS = (
    f"<script>{MARK}</script>",
    f"</pre></textarea></title></style><script>{MARK}</script>",
    f"<img src=x onerror={MARK}>",
    f'"><svg onload={MARK}>',
    f'<a href="javascript:{MARK}">x</a><iframe srcdoc="<script>parent.{MARK}</script>"></iframe>',
    f"{{{{ ''.__class__ }}}}{{% raw %}}<script>{MARK}</script>",
    f"\x1b[31m<script>{MARK}</script>\u202e\u2028<script>{MARK}</script>",
)
HOSTILE = [f"mal{place}" for place in range(len(WAYS))]
STUDENTS = ["ada", *HOSTILE, f"<svg onload={MARK}>"]


@dataclass
class Watched:
    """A page in a browser that tells of every script that it parses, handlers and frames among them."""

    page: Page
    scripts: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, browser: Browser) -> Watched:
        watched = cls(browser.new_page())
        told: Any = watched.page.context.new_cdp_session(watched.page)
        told.on("Debugger.scriptParsed", watched._parsed)
        told.send("Debugger.enable")
        watched.page.on("request", lambda request: watched.asked.append(request.url))
        return watched

    def _parsed(self, event: dict[str, Any]) -> None:
        if event.get("executionContextAuxData", {}).get("isDefault", True):  # the others are Playwright's own
            self.scripts.append(str(event))

    def opens(self, path: Path) -> None:
        """Load a file, with all that belongs to it."""
        self.scripts.clear()
        self.asked.clear()
        self.page.goto(path.as_uri(), wait_until="load")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """What `grader feedback` and `grader report` write for a class of which most attack the pages."""
    made = MadeClass(tmp_path_factory.mktemp("class"), STUDENTS)
    examined = [made.examination("ada")]
    for who, way in zip(STUDENTS[1:], (*WAYS, WAYS[0]), strict=True):
        folder = made.root / "submitted" / who / LESSON
        for name in (f"{LESSON}.html", "notes.html", "images/index.html"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(way)
        (folder / "Dockerfile").write_text(f"FROM course/busybox\nRUN a\nRUN b\nRUN {way}")
        one = made.examination(who, 2, 0, said=way, notes=(way,), layers=(way,))
        examined.append(_in_each_output(one, way))
    made.write(*examined)
    made.grader("report", LESSON)
    made.grader("feedback", LESSON)
    found = sorted((made.root / "feedback").rglob("*"))
    assert [path.name for path in found if path.is_file()] == [f"{LESSON}.html"] * len(STUDENTS)
    return [*(path for path in found if path.is_file()), made.root / "report" / f"{LESSON}.html"]


def _in_each_output(examined: Examination, way: str) -> Examination:
    """The same with the attack in cells of each kind, and in outputs of each kind that a browser could run."""
    node = json.loads(examined.notebook)
    data = {kind: way for kind in ("text/html", "image/svg+xml", "application/javascript", "text/latex", "text/plain")}
    outputs = [
        {"output_type": "display_data", "metadata": {}, "data": {kind: text}}
        for kind, text in (*data.items(), ("image/png", f'x" onerror="{MARK}'), ("text/markdown", way))
    ]
    outputs.append({"output_type": "error", "ename": way, "evalue": way, "traceback": [way]})
    code = {"cell_type": "code", "id": "more", "metadata": {}, "execution_count": 1, "source": way, "outputs": outputs}
    text = {"cell_type": "markdown", "id": "text", "metadata": {}, "source": way}
    node["cells"] += [code, text, {**text, "cell_type": "raw", "id": "raw"}]
    image = structs.replace(examined.evidence.images[0], tags=(way,))
    evidence = structs.replace(examined.evidence, images=(image,))
    return structs.replace(examined, notebook=json.dumps(node), evidence=evidence)


@pytest.fixture
def watched(chromium: Browser) -> Iterator[Watched]:
    made = Watched.of(chromium)
    yield made
    made.page.close()


def test_no_page_runs_a_script_or_asks_for_anything(watched: Watched, pages: list[Path]) -> None:
    for path in pages:
        watched.opens(path)
        asked = [url for url in watched.asked if not url.startswith("data:")]
        assert (watched.scripts, asked) == ([], [path.as_uri()]), path
        assert watched.page.title() != "owned" and watched.page.locator("script, iframe, object, embed").count() == 0
    assert len(pages) == len(STUDENTS) + 1


def test_the_count_would_see_each_kind(watched: Watched, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    for way in (WAYS[0], WAYS[2], WAYS[3], WAYS[4]):
        path.write_text(f"<!DOCTYPE html><title>x</title>{way}")
        watched.opens(path)
        watched.page.wait_for_function("document.title === 'owned'", polling=100)
        assert watched.scripts, way
