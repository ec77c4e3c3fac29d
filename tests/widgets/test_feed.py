"""One feed serves all pictures of a session, gathers floods, survives a break, and ends with its last picture."""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import docker
import pytest
from live_kernel import LiveKernel

from course import widgets
from course.gateway import Session
from course.widgets import engine_map
from course.widgets.feed import STILL, Feed, feed_of
from course.widgets.picture import Picture
from course.widgets.reading import World

Until = Callable[[Callable[[], object], str], None]


class Listener:
    """Keeps what a feed tells."""

    def __init__(self) -> None:
        self.told: list[World] = []

    def take(self, world: World) -> None:
        self.told.append(world)


def feed_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("slipway-feed")]


def test_pictures_of_one_session_share_one_feed_that_ends_with_them(inside: docker.DockerClient, until: Until) -> None:
    pictures = [engine_map() for _ in range(5)]
    assert len(feed_threads()) == 2
    assert "5 receivers" in repr(feed_of(pictures[0]._url))
    for picture in pictures:
        picture.close()
    until(lambda: not feed_threads(), "the feed's threads end")


def test_where_nobody_looks_a_picture_is_read_once(
    inside: docker.DockerClient, monkeypatch: pytest.MonkeyPatch, until: Until
) -> None:
    monkeypatch.setenv(STILL, "1")
    inside.containers.create("course/busybox", ["true"], name="before")
    picture = engine_map()
    assert "before" in picture.text() and not feed_threads()
    monkeypatch.delenv(STILL)
    inside.containers.create("course/busybox", ["true"], name="after")
    live = engine_map()
    assert "after" in live.text() and feed_threads()
    assert "after" not in picture.text()
    live.close()
    picture.close()
    until(lambda: not feed_threads(), "the feed's threads end")


STILL_PICTURES: dict[str, Callable[[], Picture]] = {
    "fleet": lambda: widgets.fleet("course/busybox", 1, port=7080),
    "layers": lambda: widgets.layers("course/busybox", "before"),
    "lifecycle": lambda: widgets.lifecycle("before"),
    "two_machines": widgets.two_machines,
}


@pytest.mark.parametrize("name", STILL_PICTURES)
def test_every_still_picture_shows_what_is_there_and_follows_nothing(
    inside: docker.DockerClient, widget_session: Session, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(STILL, "1")
    monkeypatch.setenv("SLIPWAY_MACHINE_COLLEAGUE", widget_session.url)  # its own colleague: no second session is made
    inside.containers.create("course/busybox", ["true"], name="before")
    picture = STILL_PICTURES[name]()
    assert "course/busybox" in picture.text() and "course/busybox" in picture.html()
    assert not picture.state["trouble"]
    assert feed_threads() == [] and repr(feed_of(widget_session.url)) == "<Feed at rest, 0 receivers>"
    picture.close()


def test_a_listener_that_nobody_else_knows_is_forgotten(
    inside: docker.DockerClient, widget_session: Session, until: Until
) -> None:
    feed, listener = Feed(widget_session.url), Listener()
    feed.subscribe(listener.take)
    assert len(feed_threads()) == 2
    del listener
    gc.collect()
    inside.containers.create("course/busybox", ["true"])  # the next event finds that nobody listens
    until(lambda: not feed_threads(), "the feed's threads end")
    assert repr(feed) == "<Feed at rest, 0 receivers>"


def test_a_flood_of_events_is_gathered(inside: docker.DockerClient, widget_session: Session, until: Until) -> None:
    feed, listener = Feed(widget_session.url), Listener()
    feed.subscribe(listener.take)
    container = inside.containers.create("course/busybox", ["true"], name="n0")
    until(lambda: listener.told and listener.told[-1].containers, "the container")
    before = len(listener.told)
    for number in range(1, 41):
        container.rename(f"n{number}")
    until(lambda: listener.told[-1].containers[0].name == "n40", "the last name")
    assert len(listener.told) - before < 40, "several events were answered by one reading"
    feed.unsubscribe(listener.take)


def test_the_feed_comes_back_after_its_stream_broke(
    inside: docker.DockerClient, widget_session: Session, until: Until
) -> None:
    feed, listener = Feed(widget_session.url), Listener()
    feed.subscribe(listener.take)
    following = feed._following
    assert following is not None
    until(lambda: following._stream is not None, "the stream")
    first = following._stream
    first.close()  # as an interrupted cell does with every stream that is open
    until(lambda: following._stream is not first, "a new stream")
    inside.containers.create("course/busybox", ["true"], name="after")
    until(lambda: listener.told and listener.told[-1].containers, "what happened after the break")
    feed.unsubscribe(listener.take)
    until(lambda: not feed_threads(), "the feed's threads end")


def test_trouble_is_told_in_words(tmp_path: Path, until: Until) -> None:
    from course.widgets.reading import Reader

    path = tmp_path / "engine.sock"
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        reader = Reader(docker.DockerClient(base_url=f"unix://{path}", version="1.41", timeout=1))
        world = reader.read()
    assert world.trouble and world.images == ()


def test_the_collector_waits_for_no_lock_of_a_feed(inside: docker.DockerClient) -> None:
    picture = engine_map()
    feed = feed_of(picture._url)
    picture.close()
    collector = threading.Thread(target=picture.__del__, daemon=True)
    with feed._turn:
        collector.start()
        collector.join(30)
        assert not collector.is_alive(), "a picture that is closed takes no lock when it is collected"


def test_whoever_waits_for_the_engine_makes_no_other_wait(
    inside: docker.DockerClient, widget_session: Session, until: Until
) -> None:
    feed, first, second = Feed(widget_session.url), Listener(), Listener()
    feed.subscribe(first.take)
    assert feed._following is not None
    reader = feed._following.reader
    slow = threading.Thread(target=feed.subscribe, args=(second.take,), daemon=True)
    with reader._turn:  # the engine takes its time
        slow.start()
        until(lambda: "2 receivers" in repr(feed), "the second listener is known")
        assert slow.is_alive()
        others = threading.Thread(target=feed.unsubscribe, args=(first.take,), daemon=True)
        others.start()
        others.join(30)
        assert not others.is_alive()
    slow.join(30)
    assert not slow.is_alive()
    feed.unsubscribe(second.take)


RUN = {
    "engine_map": (100, "import course.widgets", "picture = course.widgets.engine_map()\npicture"),
    "all the others": (  # each of them closes in its own way; what one run leaves, twenty leave twenty times
        20,
        "import docker\nfrom course import widgets\nfrom course.lesson import explain, predict\n"
        "docker.from_env().containers.create('course/busybox', ['true'], name='kept')",
        "predict('L01-what-runs')\nexplain('L01-what-runs')\n"
        "display(widgets.lifecycle('kept'), widgets.layers('course/busybox', 'kept'), widgets.progress_map(),\n"
        "        widgets.fleet('course/busybox', 0, port=7080), widgets.two_machines())",
    ),
}
COUNT = """
import os, threading, time
from ipywidgets.widgets.widget import _instances
def count():
    sockets = 0
    for number in os.listdir("/proc/self/fd"):
        try:
            sockets += os.readlink(f"/proc/self/fd/{number}").startswith("socket:")
        except OSError:
            pass
    return sum(thread.name.startswith("slipway") for thread in threading.enumerate()), sockets, len(_instances)
"""
SETTLED = """
end = time.monotonic() + 30
while count()[0] > first[0] or count()[1] > first[1] + 2 or count()[2] > first[2]:
    assert time.monotonic() < end, (first, count())
    time.sleep(0.05)
"""


@pytest.mark.parametrize("name", RUN)
def test_many_runs_of_a_cell_leave_no_thread_socket_or_widget(
    inside: docker.DockerClient, widget_session: Session, tmp_path: Path, name: str
) -> None:
    times, once, cell = RUN[name]
    environment = {**widget_session.environment(), "SLIPWAY_MACHINE_COLLEAGUE": widget_session.url}
    with LiveKernel(tmp_path, environment) as kernel:
        kernel.must(COUNT)
        kernel.must(once)
        for _ in range(2):
            kernel.must(cell, cell_id="pictures")
        assert kernel.run("first = count(); assert first[0] >= 2, first").ok
        for _ in range(times):
            kernel.must(cell, cell_id="pictures")
        settled = kernel.run(SETTLED)
        assert settled.ok, settled.shown_error
