"""The JavaScript of the pictures, in a real browser with a mocked kernel: what is drawn, asked for, and left behind."""

from __future__ import annotations

import re
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
ACTING = "button:not([data-act=copy], [data-act=cancel], [data-act=before], [data-act=after], [data-act=shut])"
ACTING += ":not([data-act=fold])"
"""All buttons but those of the picture itself."""
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
    ways = [{"id": f"created-{status}", "words": f"docker {name}", "taken": True}]
    ways.append({"id": "running-exited", "words": "docker stop", "taken": False})
    return {"state": {**state, "ways": ways, "steps": ["10:00:00 ○ created"], "trouble": ""}, "busy": ""}


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
            "size": 10 ** (6 - 3 * first),
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


def fleet(text: str = "shop", chosen: int = 2) -> dict[str, Any]:
    member = {"name": text, "words": text, "door": text, "answers": text, "share": 50, "last": text}
    members = [
        {**member, "id": f"{number}", "status": status, "acts": [{"id": act, "line": text} for act in acts]}
        for number, (status, acts) in enumerate((("running", ["kill"]), ("exited", ["start", "remove"])))
    ]
    state = {"summary": text, "number": chosen, "most": 12, "moves": [f"{text} {number}" for number in range(13)]}
    lines = {"ask_line": text, "clear_line": text, "ask_count": 100, "more": text, "change": text, "trouble": text}
    return {"state": {**state, **lines, "members": members, "asking": {"share": 50, "words": text}}, "busy": ""}


def two_machines(text: str = "shop") -> dict[str, Any]:
    layer = {"id": "1", "status": "missing", "words": text}
    acts = [{"id": "archive", "line": text, "refusal": ""}, {"id": "registry", "line": text, "refusal": "no registry"}]
    image = {"id": "sha256:1", "name": text, "others": text, "status": "only", "detail": text, "there": text}
    image |= {"digest": text, "layers": [layer, {**layer, "id": "2", "status": "there"}], "travels": text}
    sides = [
        {"id": side, "title": text, "more": text, "images": [{**image, "acts": acts if side == "here" else []}]}
        for side in ("here", "there")
    ]
    sending = {"share": 25, "words": text}
    return {"state": {"summary": text, "sides": sides, "sending": sending, "change": text, "trouble": text}, "busy": ""}


def question(text: str = "What runs?", chosen: str = "") -> dict[str, Any]:
    options = [{"id": letter, "words": f"{letter}: {text}", "line": text} for letter in "ABC"]
    state = {"id": "L00-x", "text": text, "options": options, "chosen": chosen, "said": text, "truth": None}
    return {"state": state, "busy": ""}


def progress_map(text: str = "Begin", link: str = "../L01-go-on/L01-go-on.ipynb") -> dict[str, Any]:
    exercise = {"id": "e", "title": text, "status": "begun", "words": text, "detail": text}
    lesson = {"name": text, "link": link, "words": text, "detail": text, "exercises": [exercise]}
    lessons = [{**lesson, "id": status, "status": status, "next": status == "begun"} for status in ("done", "begun")]
    return {"state": {"summary": text, "lessons": lessons, "next": text}, "busy": ""}


def exercise(text: str = "shop", status: str = "failed") -> dict[str, Any]:
    kinds = {"passed": "✓ passed", "failed": "✗ failed", "open": "○ not attempted", "unknown": "! could not check"}
    goals = [
        {"id": kind, "status": kind, "words": words, "title": text, "observed": "" if kind == "passed" else text}
        for kind, words in kinds.items()
    ]
    acts = [{"id": one, "words": f"{one} {text}", "refusal": ""} for one in ("check", "hint", "again")]
    acts += [{"id": "solution", "words": "Solution", "refusal": f"○ later {text}"}]
    state = {"id": "L01-x", "title": text, "status": status, "words": kinds[status], "points": text, "share": 40}
    state |= {"goals": goals, "steps": [{"id": name, "name": name, "text": text} for name in ("expected", "try next")]}
    state |= {"change": "", "note": text, "shown": text, "link": "../L02-images/L02-images.ipynb", "link_words": text}
    return {"state": state | {"hints": [text], "solution": text, "acts": acts}, "busy": ""}


FILES = {
    "engine-map": "engine_map",
    "exercise": "exercise",
    "fleet": "fleet",
    "layers": "layers",
    "lifecycle": "lifecycle",
    "progress-map": "progress_map",
    "question": "question",
    "two-machines": "two_machines",
    "work": "work",
}
MAP = "progress-map"
WITH_BUTTONS = [kind for kind in FILES if kind != MAP]
"""The map of lessons has links in place of buttons."""
FULL: dict[str, Callable[[str], dict[str, Any]]] = {
    "engine-map": lambda text: engine_map(
        container(1, name=text), container(2, "exited"), more=text, older=text, change=text
    ),
    "exercise": exercise,
    "fleet": fleet,
    "layers": layers,
    "lifecycle": lambda text: life(name=text),
    MAP: progress_map,
    "question": question,
    "two-machines": two_machines,
    "work": work,
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
        return mount(blank, ("parts.js", "beside.js", f"{name}.js"), ("tokens.css", f"{name}.css"), **values)

    return drawn


Draw = Callable[..., Mounted]


@pytest.mark.parametrize("kind", FILES)
def test_hostile_text_stays_text(draw: Draw, kind: str) -> None:
    picture = draw(kind, FULL[kind](HOSTILE))
    picture.answer(re=0, notice=HOSTILE, log=HOSTILE)
    expect(picture.root).to_contain_text("<img src=x")
    assert picture.root.locator("img, script, iframe, a:not([href^='../L0'])").count() == 0
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


@pytest.mark.parametrize(
    ("kind", "status"),
    [*((kind, "dead") for kind in FILES), ("engine-map", "restarting"), ("engine-map", "autorestarting")],
)
def test_a_picture_says_that_its_kernel_has_ended_and_asks_nothing_more(draw: Draw, kind: str, status: str) -> None:
    picture = draw(kind, FULL[kind]("shop"))
    picture.page.evaluate("kernelEnd.status('busy')")
    expect(picture.root.locator(".slipway-over")).to_have_text("")
    picture.page.evaluate("status => kernelEnd.status(status)", status)
    expect(picture.root.locator(".slipway-over")).to_contain_text("has ended")
    asking = "button:not([data-act=copy], [data-act=fold])"  # those two ask the kernel for nothing
    for button in picture.root.locator(asking).locator("visible=true").all():
        button.press("Enter")
        expect(picture.root.locator(".slipway-said")).to_contain_text("has ended")
    assert picture.sent == []


@pytest.mark.parametrize("kind", FILES)
def test_nothing_moves_where_less_motion_is_asked_for(draw: Draw, kind: str) -> None:
    picture = draw(kind, FULL[kind]("shop"))
    picture.page.emulate_media(reduced_motion="reduce")
    moving = picture.root.evaluate(MOVING)
    picture.page.emulate_media(reduced_motion="no-preference")
    assert moving == 0


@pytest.mark.parametrize("kind", WITH_BUTTONS)
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


@pytest.mark.parametrize("kind", [kind for kind in WITH_BUTTONS if kind not in ("work", "exercise")])
def test_every_button_that_acts_on_the_engine_shows_its_line_to_copy(draw: Draw, kind: str) -> None:
    picture = draw(kind, FULL[kind]("shop"))
    line = picture.root.locator(".slipway-line")
    if kind == "question":
        picture.root.get_by_role("radio").first.check()
    buttons = picture.root.locator(ACTING).locator("visible=true").all()
    for button in buttons:
        picture.root.evaluate("root => { root.querySelector('.slipway-line').textContent = ''; root.focus(); }")
        button.focus()
        expect(line).to_have_text(re.compile("shop|^line of"))
    picture.root.get_by_role("button", name="Copy").press("Enter")
    expect(picture.root.locator(".slipway-said")).to_contain_text("the line is selected")
    assert buttons and picture.page.evaluate("getSelection().toString()") == line.inner_text()


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


def test_what_other_lessons_made_is_folded_and_the_keyboard_unfolds_it(draw: Draw) -> None:
    values = engine_map(container(1), {**container(2, "exited"), "older": True}, older="2 older, made in L01")
    (image,) = values["state"]["images"]
    values["state"]["images"].append({**image, "id": "sha256:2", "name": "poster", "older": True})
    picture = draw("engine-map", values)
    names = picture.root.locator(".slipway-card strong")
    fold = picture.root.get_by_role("button", name="2 older, made in L01")
    expect(names).to_have_text(["shop:1", "web1"])
    expect(fold).to_have_attribute("aria-expanded", "false")
    fold.focus()
    picture.page.keyboard.press("Enter")
    expect(names).to_have_text(["shop:1", "poster", "web1", "web2"])
    expect(fold).to_have_attribute("aria-expanded", "true")
    picture.set(**values)
    expect(names).to_have_text(["shop:1", "poster", "web1", "web2"])
    picture.page.keyboard.press("Space")
    expect(names).to_have_text(["shop:1", "web1"])
    picture.set(**engine_map({**container(2), "older": True}, older="1 older, made in L01"))
    expect(picture.root.locator(".slipway-empty")).to_have_text("No container of this lesson yet.")
    picture.set(**engine_map())
    expect(fold).to_be_hidden()
    expect(picture.root.locator(".slipway-empty")).to_have_text("No container yet.")


def test_images_of_other_lessons_are_folded_on_this_machine(draw: Draw) -> None:
    values = two_machines()
    here = values["state"]["sides"][0]
    here["images"].append({**here["images"][0], "id": "sha256:2", "name": "poster", "older": True})
    here["older"] = "1 older, made in L02"
    picture = draw("two-machines", values)
    names = picture.root.locator("[data-id=here] .slipway-card strong")
    expect(names).to_have_text(["shop"])
    picture.root.get_by_role("button", name="1 older, made in L02").press("Enter")
    expect(names).to_have_text(["shop", "poster"])


def test_many_images_and_containers_are_in_a_list_that_scrolls_and_the_keyboard_reaches_the_last(draw: Draw) -> None:
    values = engine_map(*(container(number) for number in range(200)))
    (image,) = values["state"]["images"]
    values["state"]["images"] = [{**image, "id": f"sha256:{number}"} for number in range(100)]
    picture = draw("engine-map", values)
    expect(picture.root.locator(".slipway-container")).to_have_count(200)
    expect(picture.root.locator(".slipway-image")).to_have_count(100)
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


def test_the_token_stands_at_the_present_state_and_the_way_there_is_marked(draw: Draw) -> None:
    picture = draw("lifecycle", life())
    token, way = picture.root.locator(".slipway-token"), picture.root.locator("[data-id=created-running]")
    expect(picture.root.locator(".slipway-step[data-id=running] .slipway-token")).to_have_count(1)
    expect(way).to_have_text("✓ docker web")
    expect(way).to_have_attribute("title", "docker web: from created to running, just now")
    expect(picture.root.locator("[data-id=running-exited]")).to_have_text("docker stop")
    picture.set(**life("exited"))
    expect(picture.root.locator(".slipway-step[data-id=exited] .slipway-token")).to_have_count(1)
    expect(token).to_have_count(1)


def test_the_boxes_and_commands_of_a_life_do_not_lie_on_each_other(draw: Draw) -> None:
    from course.widgets.lifecycle_picture import KEEPS, WAYS

    values = life()
    states = [{"id": one, "words": one, "now": one == "running", "keeps": keeps} for one, keeps in KEEPS.items()]
    ways = [{"id": "-".join(way), "words": words, "taken": False} for way, words in WAYS.items()]
    picture = draw("lifecycle", {**values, "state": {**values["state"], "states": states, "ways": ways}})
    parts = [one.bounding_box() for one in picture.root.locator(".slipway-step, .slipway-way").all()]
    areas = [part for part in parts if part]
    assert len(areas) == len(KEEPS) + len(WAYS)
    for number, one in enumerate(areas):
        for other in areas[number + 1 :]:
            beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
            above = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
            assert beside or above, (one, other)


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
    assert shared["y"] > left["y"] + left["height"] and left["x"] < right["x"]
    assert shared["width"] > left["width"] + right["width"]
    assert left["y"] + left["height"] == right["y"] + right["height"], "both stand on the shared one"


def test_a_larger_layer_is_higher_and_one_layer_has_one_colour(draw: Draw) -> None:
    values = layers()
    state = values["state"]
    for size, box in zip((4_000_000_000, 4_000, 4_000_000), state["boxes"], strict=True):
        box.update(size=size)
    state["boxes"][1]["layer"] = state["boxes"][0]["layer"]
    picture = draw("layers", values)
    huge, small, large = picture.root.locator(".slipway-layer").all()
    heights = [(one.bounding_box() or {})["height"] for one in (small, large, huge)]
    assert heights == sorted(set(heights)), heights
    colours = [one.evaluate("node => getComputedStyle(node).borderLeftColor") for one in (huge, small, large)]
    assert colours[0] == colours[1] != colours[2]


def test_the_own_layer_of_a_container_lies_dashed_on_its_tower(draw: Draw) -> None:
    picture = draw("layers", layers())
    own, layer = (picture.root.locator(one).first.bounding_box() for one in (".slipway-own", ".slipway-layer"))
    assert own and layer and own["y"] + own["height"] <= layer["y"] and own["x"] == layer["x"]
    style = picture.root.locator(".slipway-own").first.evaluate("node => getComputedStyle(node).borderStyle")
    assert style == "dashed"


def test_a_layer_keeps_the_focus_when_others_come_and_go(draw: Draw) -> None:
    values = layers()
    picture = draw("layers", values)
    button = picture.root.get_by_role("button", name="Files of layer 1 of shop")
    button.focus()
    state = values["state"]
    picture.set(state={**state, "boxes": state["boxes"][1:]})
    expect(picture.root.locator(".slipway-layer")).to_have_count(2)
    expect(button).to_be_focused()
    picture.set(state={**state, "boxes": state["boxes"][:2]})
    expect(picture.root).to_be_focused()


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


def test_a_build_of_an_ended_kernel_interrupts_no_new_kernel(draw: Draw, blank: Page) -> None:
    blank.clock.install()
    picture = draw("work", work())
    picture.root.get_by_role("button", name="Cancel").locator("visible=true").press("Enter")
    picture.page.evaluate("kernelEnd.status('restarting')")
    blank.clock.fast_forward(2_000)
    assert picture.page.evaluate("kernelEnd.interrupts()") == 0


def test_a_question_is_answered_by_a_letter_and_enter_and_compared_later(draw: Draw) -> None:
    picture = draw("question", question())
    picture.root.get_by_role("radio").first.focus()
    picture.page.keyboard.press("c")
    expect(picture.root.get_by_role("radio").nth(2)).to_be_checked()
    assert picture.sent == [], "choosing is not answering"
    picture.page.keyboard.press("Enter")
    assert picture.sent == [{"id": 1, "command": {"type": "answer", "letter": "C"}}]
    picture.set(**question(chosen="C"))
    expect(picture.root.get_by_role("radio").nth(0)).to_be_disabled()
    expect(picture.root.locator("[data-id=C]")).to_contain_text("← your prediction")
    truth = {"status": "wrong", "mark": "✗ not so", "yours": "C: yes", "engine": "A: no", "because": HOSTILE}
    compared = question(chosen="C")
    picture.set(state={**compared["state"], "truth": truth})
    expect(picture.root.locator(".slipway-answer")).to_have_count(2)
    expect(picture.root.locator(".slipway-because")).to_have_text(HOSTILE)
    expect(picture.root.get_by_role("radio")).to_have_count(0)


def test_a_fleet_is_moved_by_the_arrow_keys_and_a_button(draw: Draw) -> None:
    picture = draw("fleet", fleet())
    picture.root.get_by_role("button", name="Move to 2").press("Enter")
    assert picture.sent == [], "so many run already"
    slider = picture.root.get_by_role("slider")
    for key, number in (("ArrowRight", 3), ("End", 12), ("ArrowLeft", 11)):
        slider.press(key)
        expect(picture.root.locator(".slipway-line")).to_have_text(f"shop {number}")
    picture.root.get_by_role("button", name="Move to 11").press("Space")
    assert picture.sent == [{"id": 1, "command": {"type": "move", "number": 11}}]
    picture.set(**fleet(chosen=11))
    expect(picture.root.get_by_role("button", name="Move to 11")).to_have_attribute("aria-disabled", "true")


def test_what_a_fleet_lost_passes_the_focus_on(draw: Draw) -> None:
    picture = draw("fleet", fleet())
    picture.root.get_by_role("button", name="Kill shop").focus()
    picture.set(
        state={**(full := fleet())["state"], "members": full["state"]["members"][1:], "change": "one is removed"}
    )
    assert picture.page.evaluate("document.activeElement.getAttribute('aria-label')") == "Start shop"
    expect(picture.root.locator(".slipway-said")).to_have_text("one is removed")
    picture.set(state={**full["state"], "members": []})
    assert picture.page.evaluate("document.activeElement.className") == "slipway"
    picture.root.get_by_role("button", name="Remove all").press("Enter")
    expect(picture.root.locator(".slipway-said")).to_have_text("○ nothing is there to remove")
    assert picture.sent == []


def test_an_image_is_sent_by_a_button_refused_by_another_and_cancelled(draw: Draw) -> None:
    picture = draw("two-machines", two_machines())
    said = picture.root.locator(".slipway-said")
    boxes = picture.root.locator("[data-id=here] .slipway-boxes > i")
    assert boxes.evaluate_all("all => all.map(one => one.dataset.status)") == ["missing", "there"]
    expect(said).to_have_text("")  # what has changed is said when nothing travels any more
    picture.root.get_by_role("button", name="Push and pull shop").press("Enter")
    expect(said).to_have_text("no registry")
    assert picture.sent == []
    picture.root.get_by_role("button", name="Send as archive shop").press("Space")
    picture.root.get_by_role("button", name="Cancel").locator("visible=true").press("Enter")
    assert [one["command"] for one in picture.sent] == [{"type": "archive", "image": "sha256:1"}, {"type": "cancel"}]
    assert [one["id"] for one in picture.sent] == [1, 1]
    picture.set(state={**two_machines()["state"], "sending": None})
    expect(said).to_have_text("shop")
    assert picture.page.evaluate("document.activeElement.className") == "slipway", "the focus is not lost"
    expect(picture.root.get_by_role("progressbar")).to_have_count(0)


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "https://example.org/a.ipynb", "../../etc/a.ipynb", "../a/b.ipynb?x=<b>"]
)
def test_nothing_but_a_lesson_beside_this_one_becomes_a_link(draw: Draw, link: str) -> None:
    assert draw(MAP, progress_map(link=link)).root.locator("a[href]").count() == 0


def test_the_map_of_lessons_links_to_the_lessons(draw: Draw) -> None:
    links = draw(MAP, progress_map(HOSTILE)).root.locator("a[href]")
    assert links.evaluate_all("all => all.map(a => a.getAttribute('href'))") == ["../L01-go-on/L01-go-on.ipynb"] * 3
    expect(links.nth(1)).to_have_text(HOSTILE)


def test_the_map_of_lessons_says_what_is_next_when_that_changes(draw: Draw) -> None:
    picture = draw(MAP, progress_map())
    said = picture.root.locator(".slipway-said")
    expect(said).to_have_text("")
    expect(picture.root.locator("[aria-current=step]")).to_have_attribute("data-id", "begun")
    over = progress_map("All is done")["state"]
    picture.set(state={**over, "lessons": [{**one, "next": False} for one in over["lessons"]]})
    expect(said).to_have_text("All is done")
    expect(picture.root.locator("[aria-current]")).to_have_count(0)
    expect(picture.root.locator(".slipway-go")).to_be_hidden()


def test_axe_does_find_what_is_serious(blank: Page) -> None:
    blank.set_content(
        "<main class='slipway'><button></button><p style='color: #ccc; background: #fff'>faint</p></main>"
    )
    found = " ".join(serious(blank))
    assert "button-name" in found and "color-contrast" in found


def test_a_card_asks_for_what_its_buttons_say(draw: Draw) -> None:
    picture = draw("exercise", exercise())
    for act in ("check", "hint", "again"):
        picture.root.locator(f"[data-act={act}]").press("Enter")
    assert [one["command"] for one in picture.sent] == [{"type": "check"}, {"type": "hint"}, {"type": "again"}]
    picture.root.locator("[data-act=solution]").press("Enter")
    expect(picture.root.locator(".slipway-said")).to_have_text("○ later shop")
    assert len(picture.sent) == 3


def test_a_goal_that_ticks_by_itself_is_said_once(draw: Draw) -> None:
    before = exercise()
    picture = draw("exercise", {**before, "state": {**before["state"], "note": ""}})
    goal, said = picture.root.locator(".slipway-goal[data-id=failed]"), picture.root.locator(".slipway-said")
    expect(picture.root.locator(".slipway-note")).to_be_hidden()
    goals = [{**one, "status": "passed", "words": "✓ passed", "observed": ""} for one in before["state"]["goals"]]
    ticked = {**before["state"], "goals": goals, "change": "✓ passed: shop", "note": "Press Check"}
    picture.set(state=ticked)
    expect(goal).to_have_attribute("data-status", "passed")
    expect(goal).to_have_text("✓passed: shop")
    expect(said).to_have_text("✓ passed: shop")
    assert said.get_attribute("aria-live") == "polite"
    expect(picture.root.locator(".slipway-note")).to_have_text("Press Check")
    expect(picture.root).to_have_attribute("data-status", "failed")
    picture.root.locator("[data-act=hint]").press("Enter")
    picture.set(state={**ticked, "hints": ["a hint"]})
    expect(said).to_have_text("…")


@pytest.mark.parametrize("status", ["passed", "failed", "open", "unknown"])
def test_a_verdict_is_a_colour_a_sign_and_a_word(draw: Draw, status: str) -> None:
    picture = draw("exercise", exercise(status=status))
    expect(picture.root).to_have_attribute("data-status", status)
    expect(picture.root.locator(".slipway-badge")).to_contain_text(re.compile("[✓✗○!] [a-z]"))
    expect(picture.root.locator(".slipway-goal")).to_have_count(4)
