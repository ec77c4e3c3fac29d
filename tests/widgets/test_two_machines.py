"""Two machines show what each has and shares; an image that is sent arrives whole, or not at all when cancelled."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import docker
import pytest

from course.engine.facts import image_fact
from course.gateway import Session, session
from course.lesson.belongings import holdings, remove
from course.widgets import two_machines
from course.widgets.machines_picture import MOST, TwoMachines
from course.widgets.reading import ImageRow, World
from course.widgets.sending import ArchiveWatch, NotSent, Way, shelf_name, ways

Until = Callable[[Callable[[], object], str], None]
Press = Callable[..., dict[str, Any]]
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def second(widget_session: Session) -> Iterator[Session]:
    """The colleague's machine, of the same learner."""
    from course.gateway import Client

    yield Client().machine(widget_session.id, "colleague")


@pytest.fixture
def colleague(
    inside: docker.DockerClient, second: Session, monkeypatch: pytest.MonkeyPatch
) -> Iterator[docker.DockerClient]:
    """A client of the colleague's machine; it is empty again afterwards."""
    monkeypatch.setenv("SLIPWAY_MACHINE_COLLEAGUE", second.url)
    with closing(docker.DockerClient(second.url, timeout=60)) as client:
        yield client
        remove(client, list(holdings(client)))


@pytest.fixture
def prices(inside: docker.DockerClient) -> Any:
    """An image of two layers: that of a base image, and its own."""
    return made(inside, "prices", b"bread 2\n")


def made(client: docker.DockerClient, name: str, content: bytes) -> Any:
    container = client.containers.create("course/busybox", ["cat", "/prices"])
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        info = tarfile.TarInfo("prices")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    container.put_archive("/", tar.getvalue())
    image = container.commit(name, "1")
    container.remove()
    return image


def shown(picture: TwoMachines, side: int, name: str) -> dict[str, Any]:
    return next((one for one in picture.state["sides"][side]["images"] if one["name"] == name), {})


def test_an_image_goes_by_archive_with_its_id(
    inside: docker.DockerClient, colleague: docker.DockerClient, prices: Any, until: Until, press: Press
) -> None:
    picture = two_machines()
    here = shown(picture, 0, "prices:1")
    assert here["there"] == "○ not there; 1 of its 2 layers are"
    assert [layer["status"] for layer in here["layers"]] == ["there", "missing"]
    assert here["travels"].startswith("archive: 2 layers, 2.0 MB; registry: 1 layer that is missing, ")
    assert "prices:1" in picture.text() and "not there" in picture.html()
    answer = press(picture, {"id": 1, "command": {"type": "archive", "image": prices.id}})
    assert answer["notice"] == (
        "✓ prices:1 is on the colleague's machine, with the same id; 2 layers in the archive, 1 were there already"
    )
    assert colleague.images.get("prices:1").id == prices.id
    until(lambda: shown(picture, 1, "prices:1"), "the other side shows it")
    assert shown(picture, 0, "prices:1")["there"] == "✓ the same image is there"
    assert picture.state["sending"] is None
    assert "prices:1 is on the colleague's machine" in picture.state["change"]


def test_an_image_goes_by_registry_with_its_digest(
    inside: docker.DockerClient, colleague: docker.DockerClient, prices: Any, until: Until, press: Press
) -> None:
    picture = two_machines()
    refusal = shown(picture, 0, "prices:1")["acts"][1]["refusal"]
    assert refusal.startswith("○ no registry runs at localhost:5000: ")
    refused = press(picture, {"id": 1, "command": {"type": "registry", "image": prices.id}})
    assert not refused["ok"] and "a registry" not in colleague.images.list()
    shelf = exec_line(refusal.partition(": ")[2])
    next(line for line in shelf.logs(stream=True) if b"listening" in line)
    until(lambda: shown(picture, 0, "prices:1")["acts"][1]["refusal"] == "", "the registry is seen")
    until(lambda: not picture.busy, "the command has ended")
    answer = press(picture, {"id": 1, "command": {"type": "registry", "image": prices.id}})
    assert answer["notice"].startswith("✓ localhost:5000/prices:1 is on the colleague's machine"), answer
    there = colleague.images.get("localhost:5000/prices:1")
    here = inside.images.get("localhost:5000/prices:1")
    assert there.attrs["RepoDigests"] == here.attrs["RepoDigests"] != []
    digest = here.attrs["RepoDigests"][0].partition("@sha256:")[2][:12]
    until(lambda: digest in picture.state["sides"][1]["images"][0]["digest"], "the digest there")
    until(lambda: digest in shown(picture, 0, "localhost:5000/prices:1")["digest"], "the digest here")
    assert f"digest {digest} at localhost:5000/prices" in picture.text()


def exec_line(code: str) -> Any:
    """What a line that a learner copies gives."""
    return eval(code, {"docker": docker})


def test_the_lines_do_the_same(
    inside: docker.DockerClient, colleague: docker.DockerClient, prices: Any, until: Until
) -> None:
    picture = two_machines()
    exec(shown(picture, 0, "prices:1")["acts"][0]["line"], {})
    assert colleague.images.get("prices:1").id == prices.id
    until(lambda: shown(picture, 0, "prices:1")["status"] == "same", "it is seen")


def test_a_transfer_that_is_cancelled_leaves_nothing_there(
    inside: docker.DockerClient, colleague: docker.DockerClient, until: Until, press: Press
) -> None:
    big = made(inside, "big", os.urandom(48 * 10**6))
    picture = two_machines()
    seen: list[str] = []

    def cancel(change: Any) -> None:
        if change["new"]["sending"] and not seen:
            seen.append(change["new"]["sending"]["words"])
            picture._received(picture, {"id": 1, "command": {"type": "cancel"}}, [])

    picture.observe(cancel, "state")
    answers: list[dict[str, Any]] = []
    picture.send = lambda content, buffers=None: answers.append(content)  # in place of the front end's end of the comm
    picture._received(picture, {"id": 1, "command": {"type": "archive", "image": big.id}}, [])
    until(lambda: len(answers) == 2 and not picture.busy, "both answers")
    assert sorted(answer["ok"] for answer in answers) == [False, True]
    assert any("○ cancelled: " in answer["notice"] and "nothing is loaded" in answer["notice"] for answer in answers)
    assert seen[0].startswith("save and load: ") and " of 2 layers" in seen[0]
    assert colleague.images.list("big") == []
    assert picture.state["sending"] is None


def test_a_machine_that_ended_is_trouble_in_words(
    inside: docker.DockerClient, widget_session: Session, monkeypatch: pytest.MonkeyPatch, until: Until
) -> None:
    with session(name="ends-soon") as third:
        monkeypatch.setenv("SLIPWAY_MACHINE_NEIGHBOUR", third.url)
        picture = two_machines("neighbour")
        assert picture.state["trouble"] == "" and "The neighbour's machine" in picture.text()
    until(lambda: picture.state["trouble"], "the trouble")
    assert picture.state["trouble"] in picture.text()


def test_hostile_names_stay_text_and_many_images_are_summarised(
    inside: docker.DockerClient, colleague: docker.DockerClient
) -> None:
    picture = two_machines()
    known = picture._world.images[0]
    rows = tuple(replace(known, tags=(f"{HOSTILE}{n}",), digests=(f"{HOSTILE}@sha256:{n}",)) for n in range(100))
    picture._take(World(rows, (), HOSTILE, 9**9))
    assert len(picture.state["sides"][0]["images"]) == MOST
    assert f"Not drawn: {100 - MOST} more images." in picture.text()
    assert "<img" not in picture.html() and "&lt;img" in picture.html()


def test_an_image_that_is_not_here_is_refused(
    inside: docker.DockerClient, colleague: docker.DockerClient, press: Press
) -> None:
    picture = two_machines()
    for image, words in (("sha256:" + "0" * 64, "it is gone"), ("prices", "does not know that command")):
        answer = press(picture, {"id": 1, "command": {"type": "archive", "image": image}})
        assert not answer["ok"] and words in answer["notice"]


@pytest.mark.parametrize("size", [1, 511, 512, 513, 100_000])
def test_the_layers_of_an_archive_are_counted_in_pieces_of_any_size(
    inside: docker.DockerClient, prices: Any, size: int
) -> None:
    whole = b"".join(prices.save(named=True))
    watch = ArchiveWatch(image_fact(inside, prices.id).diff_ids)
    step = size if size > 1 else 7
    for at in range(0, len(whole), step):
        watch.take(whole[at : at + step])
    assert watch.layers == 2


def test_a_layer_that_an_engine_names_by_its_digest_counts_too() -> None:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for name in ("blobs/sha256/aa", "blobs/sha256/bb", "index.json"):
            info = tarfile.TarInfo(name)
            info.size = 700
            archive.addfile(info, io.BytesIO(b"x" * 700))
    watch = ArchiveWatch(["sha256:aa", "sha256:cc"])
    watch.take(tar.getvalue())
    assert watch.layers == 1


def test_progress_lines_come_to_bytes_and_layers() -> None:
    lines: list[dict[str, Any]] = [
        {"status": "The push refers to repository [localhost:5000/prices]"},
        {"status": "Preparing", "id": "a", "progressDetail": {}},
        {"status": "Preparing", "id": "b", "progressDetail": {}},
        {"status": "Layer already exists", "id": "b", "progressDetail": {}},
        {"status": "Pushing", "id": "a", "progressDetail": {"current": 500, "total": 2000}},
        {"status": "Pushed", "id": "a", "progressDetail": {}},
        {"status": "1: digest: sha256:00 size: 7"},
    ]
    *_, half, last = list(ways("push", lines))
    assert half == Way("push", 500, 2000, 1, 2, 1) and half.share == 25
    assert last == Way("push", 2000, 2000, 2, 2, 1)
    assert last.words == "push: 2.0 kB of 2.0 kB, 2 of 2 layers, 1 already there"
    with pytest.raises(NotSent, match="denied"):
        list(ways("pull", [{"error": "denied"}]))


@pytest.mark.parametrize(
    ("name", "shelf"),
    [
        ("prices:1", ("localhost:5000/prices", "1")),
        ("localhost:5000/gift:2", ("localhost:5000/gift", "2")),
        ("localhost:5000/gift", ("localhost:5000/gift", "latest")),
        ("prices", ("localhost:5000/prices", "latest")),
    ],
)
def test_the_registrys_name_of_an_image(name: str, shelf: tuple[str, str]) -> None:
    assert shelf_name(name) == shelf


def test_an_image_without_a_name_is_not_pushed(inside: docker.DockerClient, colleague: docker.DockerClient) -> None:
    picture = two_machines()
    row = ImageRow("sha256:" + "1" * 64, (), 1, 5)
    assert "tag it first" in picture._acts(row)[1]["refusal"] and picture._acts(row)[0]["refusal"] == ""
