"""The map shows what the engine says, as it changes, as state, text and page; its buttons do what they say."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import docker
import pytest

from course.widgets import engine_map
from course.widgets.engine_picture import MOST_CONTAINERS, MOST_IMAGES, MOST_LINES, EngineMap, change, drawn
from course.widgets.picture import NoEngineHere
from course.widgets.reading import ContainerRow, ImageRow, World
from course.widgets.snapshot import MARK, WIDGET_VIEW

HOSTILE = "<img src=x onerror=alert(1)>\"'&</script>"
PLAIN = {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "br", "p"}
Until = Callable[[Callable[[], object], str], None]
Press = Callable[..., dict[str, Any]]


def row(picture: EngineMap, name: str) -> dict[str, Any]:
    return next((one for one in picture.state["containers"] if one["name"] == name), {})


def test_the_map_follows_a_containers_life(inside: docker.DockerClient, until: Until) -> None:
    picture = engine_map()
    assert "course/busybox" in picture.text() and picture.state["containers"] == []
    web = inside.containers.create("course/busybox", ["sleep", "600"], name="web")
    until(lambda: row(picture, "web").get("words") == "○ created", "web is created")
    web.start()
    until(lambda: row(picture, "web").get("words") == "▶ running", "web runs")
    assert picture.state["change"] == "web is ▶ running"
    image = next(one for one in picture.state["images"] if one["id"] == row(picture, "web")["image_id"])
    assert image["name"] == "course/busybox:latest" and image["detail"].startswith("1 layer, ")
    web.kill()
    until(lambda: row(picture, "web").get("words") == "■ exited (137)", "web has exited")
    assert "  web: ■ exited (137)" in picture.text()
    web.remove()
    until(lambda: not row(picture, "web"), "web is gone")
    assert picture.state["change"] == "web is removed"


def test_the_buttons_start_read_stop_and_remove(inside: docker.DockerClient, until: Until, press: Press) -> None:
    web = inside.containers.create("course/busybox", ["sh", "-c", "echo hello; sleep 600"], name="web")
    picture = engine_map()

    def push(act: str) -> dict[str, Any]:
        return press(picture, {"id": 1, "command": {"type": act, "container": web.id}})

    assert push("start") == {"re": 1, "ok": True, "notice": "✓ web is started"}
    until(lambda: row(picture, "web").get("main") == "stop", "the button says stop")
    until(lambda: b"hello" in web.logs(), "the log")
    assert push("log")["log"] == "hello\n"
    refused = push("remove")
    assert not refused["ok"] and str(refused["notice"]).startswith("✗ ")
    assert push("stop")["ok"] and push("remove")["ok"]
    assert inside.containers.list(all=True) == []
    gone = push("start")
    assert not gone["ok"] and "✗" in gone["notice"]


def test_the_line_of_a_button_does_the_same(inside: docker.DockerClient, until: Until) -> None:
    inside.containers.run("course/busybox", ["sleep", "600"], name="web", detach=True)
    picture = engine_map()
    exec(row(picture, "web")["lines"]["stop"], {"docker": docker})
    until(lambda: row(picture, "web")["status"] == "exited", "web has exited")
    exec(row(picture, "web")["lines"]["remove"], {"docker": docker})
    until(lambda: not row(picture, "web"), "web is gone")


@pytest.mark.parametrize(
    "message",
    [
        None,
        "stop",
        {"id": 1, "command": {"type": "prune"}},
        {"id": 1, "command": {"type": "stop"}},
        {"id": 1, "command": {"type": "stop", "container": "../images/prune"}},
        {"id": 1, "command": {"type": "stop", "container": "a" * 64, "timeout": "0"}},
        {"id": "1", "command": {"type": "stop", "container": "a" * 64}},
        {"id": 1, "command": {"type": "stop", "container": "a" * 64}, "more": 1},
    ],
)
def test_a_message_outside_the_closed_set_is_refused(
    inside: docker.DockerClient, press: Press, message: object
) -> None:
    answer = press(engine_map(), message)
    assert answer["ok"] is False and "does not know that command" in str(answer["notice"])


def test_without_a_session_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    with pytest.raises(NoEngineHere, match="run the set-up cell"):
        engine_map()


def test_the_page_and_the_text_carry_the_same_facts_and_nothing_live(inside: docker.DockerClient) -> None:
    inside.containers.create("course/busybox", ["true"], name="job")
    bundle, _ = engine_map()._repr_mimebundle_()
    assert MARK in bundle["text/html"] and WIDGET_VIEW not in bundle, "outside a front end there is nobody to press"
    for fact in ("job: ○ created", "course/node:latest", "4 images, 1 container, 0 running"):
        assert fact in bundle["text/plain"] and fact in bundle["text/html"]


def world(images: int, containers: int, name: str = "c{}") -> World:
    ids = [f"sha256:{number:064x}" for number in range(images)]
    last = ids[-1] if ids else ""
    return World(
        tuple(ImageRow(image_id, (name.format(number),), 2, 10**6) for number, image_id in enumerate(ids)),
        tuple(
            ContainerRow(f"{number:064x}", name.format(number), last, HOSTILE, "running", None, number)
            for number in range(containers)
        ),
    )


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert all(name in ("style", MARK) for name, _ in attrs), attrs


def test_hostile_names_stay_text_in_the_static_page(inside: docker.DockerClient) -> None:
    picture = engine_map()
    hostile = world(2, 3, HOSTILE + "{}")
    picture._take(World((), hostile.containers, HOSTILE, 9**8))  # of images that are gone: their word is shown
    assert "&lt;img" in picture.html()
    assert Tags(picture.html()).seen <= PLAIN
    picture._take(World(hostile.images, hostile.containers, HOSTILE, 9**9))
    page = picture._repr_mimebundle_()[0]["text/html"]
    assert Tags(page).seen <= PLAIN


def test_two_hundred_containers_are_drawn_and_more_are_summarised_in_words(inside: docker.DockerClient) -> None:
    picture = engine_map()
    many = world(120, 230)
    images, containers = drawn(many)
    assert (len(images), len(containers)) == (MOST_IMAGES, MOST_CONTAINERS) == (100, 200)
    assert containers[-1].name == "c229" and images[-1].name == "c119", "the newest, and the image that they need"
    state = picture.show(many)
    assert state["more"] == "Not drawn: 20 more images and 30 older containers."
    assert state["summary"] == "120 images, 230 containers, 230 running"
    picture._take(World(many.images, many.containers, number=9**9))
    assert picture.text().count(": ▶ running") == picture.html().count(": ▶ running") == MOST_LINES
    assert "Not drawn: 70 more images and 180 older containers." in picture.text()


def test_a_change_is_one_short_sentence() -> None:
    assert change(World(), World()) == ""
    assert change(World(), world(0, 200)) == "c0 is ▶ running, c1 is ▶ running, c2 is ▶ running and 197 more"
    assert change(world(2, 0), world(1, 0)) == "image c1 is removed"


def test_an_older_world_never_replaces_a_newer_one(inside: docker.DockerClient) -> None:
    picture = engine_map()
    picture._take(World(trouble="newer", number=9**9))
    picture._take(World(trouble="older", number=9**9 - 1))
    assert picture.state["trouble"] == "newer"
