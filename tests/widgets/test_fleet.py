"""A fleet runs so many containers of one image, shows who answers, and touches nothing that it did not make."""

from __future__ import annotations

import io
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import docker
import pytest
from docker.models.images import Image

from course.engine.errors import EngineError
from course.lesson.belongings import holdings
from course.widgets import fleet
from course.widgets.drawn import Cancelled
from course.widgets.fleet_picture import DRAWN, LABEL, MOST, Fleet, NoPort, NotOfFleet
from course.widgets.reading import ContainerRow, World
from course.widgets.visits import BYTES, Door, ask, visit_all

Until = Callable[[Callable[[], object], str], None]
Press = Callable[..., dict[str, Any]]
HOSTILE = "<img src=x onerror=alert(1)>"
PORT = 7080
DOCKERFILE = f"""
FROM course/busybox
RUN mkdir /www
EXPOSE {PORT}
CMD echo "{HOSTILE} by $(hostname)" > /www/index.html; exec httpd -f -p {PORT} -h /www
"""


@pytest.fixture
def page(inside: docker.DockerClient) -> Image:
    """An image whose containers serve a page with their own name; the page is hostile."""
    image, _ = inside.images.build(fileobj=io.BytesIO(DOCKERFILE.encode()), tag="page:1")
    return image


def own(client: docker.DockerClient) -> list[Any]:
    return list(client.containers.list(all=True, filters={"label": LABEL}))


def test_it_moves_kills_and_asks(inside: docker.DockerClient, page: Image, until: Until, press: Press) -> None:
    stranger = inside.containers.create("page:1", name="stranger")
    picture = fleet("page:1", 2)

    def push(**command: Any) -> dict[str, Any]:
        answer = press(picture, {"id": 1, "command": command})
        until(lambda: not picture.busy, "the command has ended")
        return answer

    assert [one["words"] for one in picture.state["members"]] == ["▶ running"] * 2
    assert {one.image.id for one in own(inside)} == {page.id}
    assert push(type="move", number=3)["notice"].startswith("✓ 3 containers from the image ")
    until(lambda: picture.state["number"] == 3, "three run")
    first, *rest = picture.state["members"]
    assert push(type="kill", container=first["id"])["ok"]
    until(lambda: picture.state["number"] == 2, "one is killed")
    assert f"{first['name']} is ■ exited (137)" in picture.state["change"]
    assert (
        push(type="ask", count=30)["notice"] == "✓ 30 requests, 3 containers asked in turn, 1 ended: see who answered"
    )
    answers = {one["name"]: (one["answers"], one["share"], one["last"]) for one in picture.state["members"]}
    assert answers.pop(first["name"]) == ("answered 0 of 10", 0, "")
    assert [answer[:2] for answer in answers.values()] == [("answered 10 of 10", 100)] * 2
    assert {answer[2] for answer in answers.values()} == {f"{HOSTILE} by {one['id'][:12]}" for one in rest}
    for fact in (first["name"], "■ exited (137)", "answered 0 of 10", "answered 10 of 10", f"port {PORT} is closed"):
        assert fact in picture.text() and fact in picture.html()
    refused = push(type="kill", container=stranger.id)
    assert not refused["ok"] and "use docker-py in a cell" in refused["notice"]
    assert push(type="move", number=1)["ok"]
    until(lambda: picture.state["number"] == 1, "one runs")
    assert push(type="clear")["notice"].startswith("✓ 2 containers removed")
    assert own(inside) == [] and stranger in inside.containers.list(all=True)


def test_its_lines_do_the_same(inside: docker.DockerClient, page: Image, until: Until) -> None:
    picture = fleet("page:1", 1)
    exec(picture.state["moves"][2], {"docker": docker})
    until(lambda: picture.state["number"] == 2, "the line's container counts")
    door = Door("", int(picture.state["members"][-1]["door"].split()[4]), True)
    until(lambda: ask(door), "it answers")
    exec(picture.state["ask_line"], {"docker": docker, "urllib": urllib})
    exec(picture.state["moves"][1], {"docker": docker})
    until(lambda: picture.state["number"] == 1, "the line removed one")
    exec(picture.state["members"][0]["acts"][0]["line"], {"docker": docker})
    until(lambda: picture.state["number"] == 0, "the line killed one")
    exec(picture.state["clear_line"], {"docker": docker})
    assert own(inside) == []


def test_a_second_fleet_takes_over_and_reset_knows_its_containers(inside: docker.DockerClient, page: Image) -> None:
    fleet("page:1", 2)
    again = fleet(page, 2, port=PORT)
    assert len(own(inside)) == len(again.state["members"]) == 2
    held = {thing.ref for thing in holdings(inside)}
    assert {one.id for one in own(inside)} <= held


def test_what_it_cannot_do_it_says(inside: docker.DockerClient) -> None:
    with pytest.raises(NoPort, match="port=7080"):
        fleet("course/busybox", 1)
    with pytest.raises(EngineError, match="nothing"):
        fleet("nothing", 1)
    with pytest.raises(NotOfFleet, match=f"0 to {MOST}"):
        fleet("course/busybox", MOST + 1)
    assert own(inside) == []


@pytest.mark.parametrize(
    "command",
    [
        {"type": "move", "number": MOST + 1},
        {"type": "move", "number": -1},
        {"type": "ask", "count": 101},
        {"type": "kill", "container": "../images"},
        {"type": "clear", "all": 1},
    ],
)
def test_a_message_outside_the_closed_set_is_refused(
    inside: docker.DockerClient, press: Press, command: dict[str, Any]
) -> None:
    answer = press(fleet("course/busybox", 0, port=PORT), {"id": 1, "command": command})
    assert answer["ok"] is False and "does not know that command" in answer["notice"]


def test_a_name_that_moved_is_not_run(inside: docker.DockerClient, page: Image, press: Press) -> None:
    picture = fleet("page:1", 0)
    inside.images.get("course/busybox").tag("page", "1")
    answer = press(picture, {"id": 1, "command": {"type": "move", "number": 1}})
    assert not answer["ok"] and "another image now" in answer["notice"] and own(inside) == []


def test_two_hundred_containers_are_summarised(inside: docker.DockerClient) -> None:
    picture = fleet("course/busybox", 0, port=PORT)
    labels = ((LABEL, picture._short),)
    rows = tuple(
        ContainerRow(f"{number:064x}", HOSTILE, picture._image_id, HOSTILE, "exited", 1, number, labels=labels)
        for number in range(200)
    )
    picture._take(World((), rows, HOSTILE, 9**9))
    assert len(picture.state["members"]) == DRAWN and "Not drawn: 176 older containers." in picture.text()
    assert "<img" not in picture.html() and "&lt;img" in picture.html()


@pytest.fixture
def dripping() -> Iterator[int]:
    """A server that sends a byte now and then, and never ends; its port."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                try:
                    guest, _ = door.accept()
                except OSError:
                    return
                with guest:
                    guest.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                    try:
                        while not ended.wait(0.1):
                            guest.sendall(b"x")
                    except OSError:
                        continue

        thread = threading.Thread(target=serve)
        thread.start()
        yield door.getsockname()[1]
        ended.set()
        door.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_an_answer_that_drips_is_cut_off(dripping: int) -> None:
    text = ask(Door("c", dripping, True))
    assert text and set(text) == {"x"} and len(text) < BYTES


def test_requests_stop_when_they_are_cancelled(inside: docker.DockerClient, page: Image) -> None:
    stop = threading.Event()
    stop.set()
    assert list(visit_all([Door("c", 1, True)], 100, stop)) == []
    picture = fleet("page:1", 1)
    picture.cancelled.set()
    with pytest.raises(Cancelled, match="0 of 100 requests sent"):
        picture._ask(100)
    assert isinstance(picture, Fleet) and picture.state["asking"] is None
