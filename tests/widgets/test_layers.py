"""The layers of images side by side, what a container changed, and the files of each layer, from a real engine."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest

from course.engine.errors import EngineError
from course.engine.facts import ImageFact, LayerFact
from course.widgets import layers
from course.widgets.layer_columns import MOST_CHANGES
from course.widgets.layer_files import LayerFile, compared, read_layers
from course.widgets.layers_picture import PAGE, Layers, NothingToShow
from course.widgets.stack import stacked, written

HOSTILE = "<img src=x onerror=alert(1)>"
Until = Callable[[Callable[[], object], str], None]
Press = Callable[..., dict[str, Any]]


def build(inside: docker.DockerClient, folder: Path, name: str, dockerfile: str) -> Any:
    (folder / "Dockerfile").write_text(dockerfile)
    return inside.images.build(path=str(folder), tag=name, rm=True)[0]


@pytest.fixture
def shops(inside: docker.DockerClient, tmp_path: Path) -> None:
    """Two images that share all layers but the last; one deletes what a lower layer has."""
    (tmp_path / HOSTILE.replace("/", "_")).write_text("hello")
    common = "FROM course/busybox\nRUN echo one > /first\n"
    build(inside, tmp_path, "shop:1", common + "COPY . /app/\nCMD echo hi")
    build(inside, tmp_path, "shop:2", common + "RUN rm /first && echo two > /second && echo x >> /etc/passwd")


def box(picture: Layers, words: str) -> dict[str, Any]:
    return next(one for one in picture.state["boxes"] if words in one["instruction"])


def files(picture: Layers, press: Press, layer: str, start: int = 0) -> dict[str, str]:
    answer = press(picture, {"id": 1, "command": {"type": "open", "layer": layer, "start": start}})
    assert answer["ok"], answer
    return {one["path"]: one["mark"] for one in picture.opened["files"]}


def test_shared_layers_are_one_box_and_the_files_of_each_are_read(
    inside: docker.DockerClient, shops: None, press: Press
) -> None:
    picture = layers("shop:1", inside.images.get("shop:2"))
    assert [one["span"] for one in picture.state["boxes"]] == [1, 1, 2, 2]
    assert picture.state["summary"].startswith("shop:1, shop:2: 4 layers, 2 shared, ")
    assert box(picture, "COPY")["settings"] == ['CMD ["/bin/sh" "-c" "echo hi"]']
    assert files(picture, press, box(picture, "echo one")["layer"]) == {"/first": "+ added"}
    copied = files(picture, press, box(picture, "COPY")["layer"])
    assert copied[f"/app/{HOSTILE}"] == "+ added"
    assert "&lt;img" in picture.html() and "<img" not in picture.html()
    changed = files(picture, press, box(picture, "echo two")["layer"])
    assert (
        changed["/first"] == "- deleted" and changed["/second"] == "+ added" and changed["/etc/passwd"] == "~ changed"
    )
    for fact in ("shared by 2 columns", "RUN echo one", "/second", "Files of layer 3 of shop:2"):
        assert fact in picture.text() and fact in picture.html()
    assert press(picture, {"id": 1, "command": {"type": "shut"}})["ok"] and picture.opened == {}


def test_a_layer_of_an_image_without_a_shell_is_read(inside: docker.DockerClient, tmp_path: Path, press: Press) -> None:
    (tmp_path / "only").write_text("one file")
    build(inside, tmp_path, "bare:1", "FROM scratch\nCOPY only /\n")
    picture = layers("bare:1")
    assert list(files(picture, press, picture.state["boxes"][0]["layer"])) == ["/only"]


def test_a_containers_own_layer_is_followed(inside: docker.DockerClient, until: Until, press: Press) -> None:
    web = inside.containers.run("course/busybox", ["sleep", "600"], name="web", detach=True)
    picture = layers(web)

    def own() -> dict[str, Any]:
        return picture.state["columns"][0]["own"]  # type: ignore[no-any-return]

    assert own()["words"] == "0 added, 0 changed, 0 deleted"
    web.exec_run(["sh", "-c", f"echo x > '/{HOSTILE}'; rm /etc/group; echo y >> /etc/passwd"])
    until(lambda: own()["words"].startswith("1 added, "), "the exec is seen without being asked for")
    marks = {one["path"]: one["mark"] for one in own()["files"]}
    assert marks[f"/{HOSTILE}"] == "+ added"
    assert (marks["/etc/group"], marks["/etc/passwd"]) == ("- deleted", "~ changed")
    assert "&lt;img" in picture.html() and "<img" not in picture.html()
    web.exec_run(["sh", "-c", f"for n in $(seq {MOST_CHANGES + 50}); do echo > /f$n; done"])
    until(lambda: own()["words"].startswith(f"{MOST_CHANGES + 51} added"), "many files")
    assert len(own()["files"]) == MOST_CHANGES and own()["more"] == "54 more files"
    assert press(picture, {"id": 1, "command": {"type": "look"}})["ok"]
    web.remove(force=True)
    until(lambda: "its own layer is gone" in picture.state["columns"][0]["note"], "the container is removed")
    assert picture.state["columns"][0]["own"] is None and "its own layer is gone" in picture.text()


def test_a_name_that_is_built_anew_shows_its_new_image(
    inside: docker.DockerClient, tmp_path: Path, until: Until
) -> None:
    build(inside, tmp_path, "shop:1", "FROM course/busybox\nRUN echo one > /a\n")
    picture = layers("shop:1")
    build(inside, tmp_path, "shop:1", "FROM course/busybox\nRUN echo two > /a\n")
    until(lambda: "echo two" in picture.text(), "the new image")
    assert "another image now" in picture.state["columns"][0]["state"]


def test_what_is_not_there_and_what_is_not_shown_is_said_in_words(inside: docker.DockerClient, press: Press) -> None:
    with pytest.raises(EngineError, match="nothing"):
        layers("nothing:1")
    with pytest.raises(NothingToShow):
        layers()
    with pytest.raises(NothingToShow):
        layers(*["course/busybox"] * 7)
    command = {"type": "open", "layer": f"sha256:{'a' * 64}", "start": 0}
    answer = press(layers("course/busybox"), {"id": 1, "command": command})
    assert not answer["ok"] and "choose one of the layers" in answer["notice"]


def test_a_reading_is_cancelled_and_says_how_far_it_is(inside: docker.DockerClient, until: Until, press: Press) -> None:
    picture = layers("course/python")
    seen: list[str] = []
    answers: list[dict[str, Any]] = []
    picture.send = lambda content, buffers=None: answers.append(content)

    def cancel(change: Any) -> None:
        if change["new"]:
            seen.append(change["new"]["words"])
            picture._received(picture, {"id": 1, "command": {"type": "cancel"}}, [])

    picture.observe(cancel, "progress")
    layer = picture.state["boxes"][0]["layer"]
    picture._received(picture, {"id": 1, "command": {"type": "open", "layer": layer, "start": 0}}, [])
    until(lambda: answers and not answers[-1]["ok"], "the command is cancelled")
    assert answers[-1]["notice"].startswith("○ cancelled: reading course/python")
    assert " of " in seen[0] and picture.progress == {} and picture.opened == {}
    picture.unobserve_all()
    assert press(picture, {"id": 2, "command": {"type": "open", "layer": layer, "start": 0}})["ok"]
    assert len(picture.opened["files"]) == PAGE and picture.opened["after"] == PAGE


def tar(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def test_blobs_of_newer_engines_are_read_compressed_or_not() -> None:
    import gzip
    import hashlib

    layer = tar(("./a", b"x"), ("dir/.wh.b", b""), ("dir/.wh..wh..opq", b""), ("line\nbreak\udcff", b""))
    digest = f"sha256:{hashlib.sha256(layer).hexdigest()}"
    for blob in (layer, gzip.compress(layer)):
        archive = tar(("blobs/sha256/aa", b'{"config": {}}'), ("blobs/sha256/bb", blob), ("index.json", b"{}"))
        read = read_layers([archive[:100], archive[100:]], lambda _: None)
        assert list(read) == [digest]
        paths = {one.path: one.does for one in read[digest].files}
        assert paths == {
            "/a": "added",
            "/dir/b": "deleted",
            "/dir (all that was in it)": "deleted",
            "/line�break�": "added",
        }


def test_a_file_that_was_deleted_below_is_new_again() -> None:
    from course.widgets.layer_files import LayerFiles

    def one(does: str) -> LayerFiles:
        return LayerFiles((LayerFile("/a", "file", 1, does),), 1, 1)

    said = compared(
        ["1", "2", "3", "4"], {"1": one("added"), "2": one("added"), "3": one("deleted"), "4": one("added")}
    )
    assert [said[name].files[0].does for name in "1234"] == ["added", "changed", "deleted", "added"]


def fact(name: str, *chain: str) -> ImageFact:
    facts = tuple(LayerFact(None if one.isupper() else one, one, 1) for one in chain)
    return ImageFact(name, (name,), (), facts, 1, "", (), (), {}, (), "", "", {}, ())


def test_images_that_share_are_neighbours_and_settings_that_differ_stand_above() -> None:
    stack = stacked([fact("x", "a", "b"), fact("y", "z"), fact("w", "a", "E", "c"), fact("v", "a", "b", "C")])
    assert stack.order == (0, 3, 2, 1)
    assert [(one.diff_id, one.first, one.span) for one in stack.boxes] == [
        ("a", 0, 3),
        ("z", 3, 1),
        ("b", 0, 2),
        ("c", 2, 1),
    ]
    assert stack.settings == ((), ("C",), ("E",), ())


def test_an_instruction_is_written_as_in_a_dockerfile() -> None:
    for recorded, expected in {
        '/bin/sh -c #(nop)  CMD ["sh"]': 'CMD ["sh"]',
        "/bin/sh -c echo hi": "RUN echo hi",
        "RUN /bin/sh -c echo hi # buildkit": "RUN echo hi",
        f"/bin/sh -c #(nop) COPY file:{'a' * 64} in /app ": "COPY file:aaaaaaaa… in /app",
        "": "(not recorded)",
    }.items():
        assert written(recorded) == expected
