"""The JavaScript of the pictures, in a real browser with a mocked kernel: what is drawn, asked for, and left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from mounted import Mounted, mount, serious
from playwright.sync_api import Browser, Page, expect

HOSTILE = "<img src=x onerror=document.title='taken'>\"'&</script><script>document.title='taken'</script>"
LIGHT_AND_DARK = (False, True)
OUTLINE = """() => {
  const at = document.activeElement;
  return at?.tagName === "BUTTON" ? getComputedStyle(at).outlineStyle : "";
}"""
MOVING = """root => [root, ...root.querySelectorAll("*")].map(node => getComputedStyle(node)).filter(style =>
  style.animationName !== "none" || style.transitionDuration.split(",").some(part => parseFloat(part) > 0)).length"""


def container(number: int, status: str = "running", name: str = "") -> dict[str, Any]:
    main = "stop" if status == "running" else "start"
    name = name or f"web{number}"
    return {
        "id": f"{number:064x}",
        "name": name,
        "image_id": "sha256:1",
        "image": "shop:1",
        "status": status,
        "words": f"▶ {status}",
        "main": main,
        "removable": status != "running",
        "lines": {act: f"line of {act} {name}" for act in (main, "log", "remove")},
    }


def engine_map(*containers: dict[str, Any], **more: str) -> dict[str, Any]:
    image = {"id": "sha256:1", "name": "shop:1", "others": "", "layers": 3, "detail": "3 layers, 2 MB"}
    state = {"summary": "1 image", "images": [image], "containers": list(containers), "more": "", "change": ""}
    return {"state": {**state, "trouble": "", **more}, "busy": ""}


def life(status: str = "running", name: str = "web") -> dict[str, Any]:
    states = [
        {"id": one, "words": one, "now": one == status, "keeps": "files: yes · process: yes"}
        for one in ("created", status)
    ]
    acts = [{"id": act, "line": f"line of {act}", "container": "0" * 64} for act in ("pause", "stop")]
    state = {"name": name, "image": "shop:1", "status": status, "words": f"▶ {status}", "states": states, "acts": acts}
    return {"state": {**state, "steps": ["10:00:00 ○ created"], "trouble": ""}, "busy": ""}


def layers(text: str = "shop") -> dict[str, Any]:
    own = {"words": "1 added", "files": [{"mark": "+ added", "does": "added", "path": text}], "more": ""}
    column = {"title": text, "detail": "2 layers", "state": "▶ running", "settings": [text], "note": "", "line": text}
    box = {"instruction": text, "detail": "2 MB", "settings": [text], "line": text, "of": text}
    place = [("1 0", 1, 0, 1), ("1 1", 1, 1, 1), ("0 0", 0, 0, 2)]
    boxes = [
        {
            **box,
            "id": one,
            "layer": f"sha256:{one}",
            "level": level,
            "number": str(level + 1),
            "first": first,
            "span": span,
        }
        for one, level, first, span in place
    ]
    columns = [{**column, "id": "0", "own": own}, {**column, "id": "1", "own": None}]
    state = {"columns": columns, "boxes": boxes, "rows": 2, "summary": text, "change": text, "trouble": text}
    files = [
        {"mark": f"? {does}", "does": does, "path": f"/{text}{number}", "detail": "2 kB"}
        for number in range(100)
        for does in ("added", "changed", "deleted")
    ]
    opened = {"layer": "sha256:0 0", "title": text, "words": "3 entries", "files": files, "range": "1 to 300 of 812"}
    progress = {"words": text, "share": 50}
    return {"state": state, "opened": {**opened, "before": None, "after": 200}, "progress": progress, "busy": "x"}


def work(text: str = "shop", running: bool = True) -> dict[str, Any]:
    row = {"number": "1/2", "what": text, "time": "0.1 s", "part": None, "note": text, "last": text}
    rows = [
        {**row, "id": status, "words": f"… {status}", "status": status, "part": 0.5 if status == "running" else None}
        for status in ("done", "cached", "running", "waiting", "failed", "stopped")
    ]
    state = {"title": text, "rows": rows, "output": text, "excerpt": text, "closing": text, "advice": [text]}
    return {"state": {**state, "running": running}, "busy": ""}


FILES = {"engine-map": "engine_map", "layers": "layers", "lifecycle": "lifecycle", "work": "work"}
FULL: dict[str, Callable[[str], dict[str, Any]]] = {
    "engine-map": lambda text: engine_map(container(1, name=text), container(2, "exited"), more=text, change=text),
    "layers": layers,
    "work": work,
    "lifecycle": lambda text: life(name=text),
}
"""For each picture, values that fill every part of it, with a text wherever one comes from outside."""


@pytest.fixture(scope="module")
def blank(chromium: Browser) -> Iterator[Page]:
    """One page for the module; each test puts its own document into it."""
    context = chromium.new_context(viewport={"width": 1000, "height": 800})
    yield context.new_page()
    context.close()


@pytest.fixture
def draw(blank: Page) -> Callable[..., Mounted]:
    def drawn(kind: str, values: dict[str, Any]) -> Mounted:
        name = FILES[kind]
        return mount(blank, ("parts.js", f"{name}.js"), ("tokens.css", f"{name}.css"), **values)

    return drawn


Draw = Callable[..., Mounted]


@pytest.mark.parametrize("kind", FILES)
def test_hostile_text_stays_text(draw: Draw, kind: str) -> None:
    picture = draw(kind, FULL[kind](HOSTILE))
    picture.answer(re=0, notice=HOSTILE, log=HOSTILE)
    expect(picture.root).to_contain_text("<img src=x")
    assert picture.root.locator("img, script, a, iframe").count() == 0
    assert picture.page.title() == "a picture"


@pytest.mark.parametrize("kind", FILES)
def test_axe_finds_nothing_serious_in_both_themes(draw: Draw, kind: str) -> None:
    picture = draw(kind, FULL[kind]("shop"))
    picture.answer(re=0, notice="✓ done", log="a line")
    for dark in LIGHT_AND_DARK:
        picture.theme(dark)
        assert serious(picture.page) == []


@pytest.mark.parametrize("kind", FILES)
def test_a_picture_that_is_taken_down_leaves_no_listener(draw: Draw, kind: str) -> None:
    picture = draw(kind, FULL[kind]("shop"))
    assert picture.page.evaluate("kernelEnd.left()") > 2
    picture.page.evaluate("kernelEnd.cleanup()")
    assert picture.page.evaluate("kernelEnd.left()") == 0


@pytest.mark.parametrize("status", ["dead", "restarting", "autorestarting"])
@pytest.mark.parametrize("kind", FILES)
def test_a_picture_says_that_its_kernel_has_ended_and_asks_nothing_more(draw: Draw, kind: str, status: str) -> None:
    picture = draw(kind, FULL[kind]("shop"))
    picture.page.evaluate("kernelEnd.status('busy')")
    expect(picture.root.locator(".slipway-over")).to_have_text("")
    picture.page.evaluate("status => kernelEnd.status(status)", status)
    expect(picture.root.locator(".slipway-over")).to_contain_text("has ended")
    picture.root.locator("button:not([data-act=copy])").first.click()
    assert picture.sent == []
    expect(picture.root.locator(".slipway-said")).to_contain_text("has ended")


@pytest.mark.parametrize("kind", FILES)
def test_nothing_moves_where_less_motion_is_asked_for(draw: Draw, kind: str) -> None:
    picture = draw(kind, FULL[kind]("shop"))
    picture.page.emulate_media(reduced_motion="reduce")
    moving = picture.root.evaluate(MOVING)
    picture.page.emulate_media(reduced_motion="no-preference")
    assert moving == 0


@pytest.mark.parametrize("kind", FILES)
def test_every_button_in_reach_shows_its_focus(draw: Draw, kind: str) -> None:
    picture = draw(kind, FULL[kind]("shop"))
    picture.root.focus()
    seen = 0
    for _ in range(picture.root.locator("button").count() + 3):
        picture.page.keyboard.press("Tab")
        shown = picture.page.evaluate(OUTLINE)
        seen += shown == "solid"
        assert shown in ("solid", "")
    assert seen > 0


def test_a_button_asks_and_shows_the_answer(draw: Draw) -> None:
    picture = draw("engine-map", engine_map(container(1)))
    stop = picture.root.get_by_role("button", name="Stop web1")
    stop.focus()
    expect(picture.root.locator(".slipway-line")).to_have_text("line of stop web1")
    picture.page.keyboard.press("Enter")
    assert picture.sent == [{"id": 1, "command": {"type": "stop", "container": f"{1:064x}"}}]
    picture.answer(re=7, notice="an answer to somebody else")
    expect(picture.root.locator(".slipway-said")).to_have_text("…")
    picture.answer(re=1, ok=True, notice="✓ web1 is stopped")
    expect(picture.root.locator(".slipway-said")).to_have_text("✓ web1 is stopped")


def test_a_change_keeps_what_stays_and_its_focus(draw: Draw) -> None:
    picture = draw("engine-map", engine_map(container(1), container(2)))
    picture.root.get_by_role("button", name="Log web2").focus()
    picture.set(**engine_map(container(2, "exited"), container(3), change="web1 is removed"))
    assert picture.page.evaluate("document.activeElement.getAttribute('aria-label')") == "Log web2"
    expect(picture.root.locator(".slipway-container strong")).to_have_text(["web2", "web3"])
    expect(picture.root.locator(".slipway-said")).to_have_text("web1 is removed")
    picture.set(**engine_map(container(3)))
    assert picture.page.evaluate("document.activeElement.getAttribute('aria-label')") == "Stop web3"


def test_two_hundred_containers_are_in_a_list_that_scrolls_and_the_keyboard_reaches_the_last(draw: Draw) -> None:
    picture = draw("engine-map", engine_map(*(container(number) for number in range(200))))
    expect(picture.root.locator(".slipway-container")).to_have_count(200)
    area = picture.root.locator(".slipway-scroll")
    assert area.evaluate("node => node.clientHeight < 600 && node.scrollHeight > node.clientHeight")
    last = picture.root.get_by_role("button", name="Log web199")
    expect(last).not_to_be_in_viewport()
    last.focus()
    expect(last).to_be_in_viewport()


def test_a_command_without_an_answer_says_that_it_waits(draw: Draw, blank: Page) -> None:
    blank.clock.install()
    picture = draw("engine-map", engine_map(container(1)))
    picture.root.get_by_role("button", name="Stop web1").click()
    blank.clock.fast_forward(11_000)
    expect(picture.root.locator(".slipway-said")).to_contain_text("no answer yet")


def test_a_layer_is_opened_paged_and_shut_with_the_keyboard(draw: Draw) -> None:
    picture = draw("layers", layers())
    picture.root.get_by_role("button", name="Files of layer 1 of shop").press("Enter")
    picture.root.get_by_role("button", name="Later files").press("Space")
    expect(picture.root.get_by_role("progressbar")).to_have_js_property("value", 0.5)
    picture.root.get_by_role("button", name="Cancel").press("Enter")
    picture.root.get_by_role("button", name="Shut").press("Enter")
    layer = {"type": "open", "layer": "sha256:0 0"}
    asked = [{**layer, "start": 0}, {**layer, "start": 200}, {"type": "cancel"}, {"type": "shut"}]
    assert [(one["id"], one["command"]) for one in picture.sent] == list(zip([1, 2, 2, 3], asked, strict=True))
    picture.set(opened={}, progress={})
    expect(picture.root.locator(".slipway-opened")).to_be_hidden()
    expect(picture.root.get_by_role("button", name="Cancel")).to_be_hidden()
    assert picture.page.evaluate("document.activeElement.className") == "slipway", "the focus is not lost"


def test_a_shared_layer_is_one_box_over_its_columns_at_the_bottom(draw: Draw) -> None:
    picture = draw("layers", layers())
    boxes = [one.bounding_box() for one in picture.root.locator(".slipway-layer").all()]
    left, right, shared = [box for box in boxes if box]
    assert shared["y"] > left["y"] and left["y"] == right["y"] and left["x"] < right["x"]
    assert shared["width"] > left["width"] + right["width"]


def test_cancel_asks_the_kernel_and_interrupts_it_when_it_does_not_answer(draw: Draw, blank: Page) -> None:
    blank.clock.install()
    picture = draw("work", work())
    cancel = picture.root.get_by_role("button", name="Cancel").locator("visible=true")
    cancel.press("Enter")
    assert picture.sent == [{"id": 1, "command": {"type": "cancel"}}]
    assert picture.page.evaluate("kernelEnd.interrupts()") == 0
    blank.clock.fast_forward(2_000)
    assert picture.page.evaluate("kernelEnd.interrupts()") == 1
    cancel.press("Enter")
    picture.set(**work(running=False))
    blank.clock.fast_forward(2_000)
    assert picture.page.evaluate("kernelEnd.interrupts()") == 1, "what has ended is not interrupted"
    assert picture.page.evaluate("document.activeElement.className") == "slipway", "the focus is not lost"


def test_axe_does_find_what_is_serious(blank: Page) -> None:
    blank.set_content(
        "<main class='slipway'><button></button><p style='color: #ccc; background: #fff'>faint</p></main>"
    )
    found = " ".join(serious(blank))
    assert "button-name" in found and "color-contrast" in found
