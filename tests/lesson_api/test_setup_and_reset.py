"""The set-up cell and the clean-up cell, on a real session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from course import progress
from course.engine.build import build
from course.engine.errors import BuildFailed
from course.errors import CourseError
from course.gateway import Session
from course.lesson import hint, machine, reset, setup
from course.lesson.belongings import holdings, remove

BASES = [f"course/{name}:latest" for name in ("busybox", "node", "python", "registry")]
Make = Callable[[docker.DockerClient], object]


def names(client: docker.DockerClient) -> set[str]:
    return {thing.name for thing in holdings(client)}


def test_set_up_prints_one_line_with_engine_session_and_base_images(
    small_course: Path, inside: docker.DockerClient, lesson_session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    setup("L00")
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"✓ engine {inside.version()['Version']} (API ")
    assert line.endswith(f"· session {lesson_session.id} · base images busybox, node, python, registry")
    assert progress.read().lesson("L00").opened


def test_set_up_makes_what_an_earlier_lesson_would_have_left_once(
    small_course: Path, inside: docker.DockerClient, capsys: pytest.CaptureFixture[str]
) -> None:
    setup("L01")
    assert "· prepared left-by-l00" in capsys.readouterr().out
    assert "LEFT=yes" in inside.images.get("left-by-l00").attrs["Config"]["Env"]
    setup("L01")
    assert "prepared" not in capsys.readouterr().out


def test_an_image_that_cannot_be_prepared_is_an_error_in_three_parts(
    small_course: Path, inside: docker.DockerClient
) -> None:
    (small_course / "L01-go-on/prepare/Dockerfile").write_text("FROM course/busybox\nRUN exit 9\n")
    with pytest.raises(BuildFailed) as caught:
        setup("L01")
    assert caught.value.line == 2


def test_reset_removes_what_the_lesson_made_and_shows_it(
    small_course: Path, inside: docker.DockerClient, capsys: pytest.CaptureFixture[str]
) -> None:
    setup("L00")
    inside.containers.run("course/busybox", ["sleep", "300"], name="web", detach=True)
    inside.volumes.create("kept")
    inside.networks.create("harbour")
    inside.containers.get("web").commit("snapshot", "1")
    capsys.readouterr()
    reset()
    assert capsys.readouterr().out.splitlines() == [
        "✓ removed 1 container: web",
        "✓ removed 1 image: snapshot:1",
        "✓ removed 1 network: harbour",
        "✓ removed 1 volume: kept",
    ]
    assert not names(inside)
    assert len(inside.images.list()) == 4, "the base images stay"
    reset()
    assert capsys.readouterr().out == "✓ nothing to remove\n"


def test_reset_leaves_what_another_lesson_made(small_course: Path, inside: docker.DockerClient) -> None:
    inside.volumes.create("before-any-lesson")
    setup("L00")
    inside.containers.create("course/busybox", name="of-the-first")
    setup("L01")
    inside.containers.create("course/busybox", name="of-the-second")
    reset()
    assert names(inside) == {"before-any-lesson", "of-the-first"}
    reset("L00")
    assert names(inside) == {"before-any-lesson"}


def test_reset_copes_with_images_that_hang_on_one_another(
    small_course: Path, inside: docker.DockerClient, tmp_path: Path
) -> None:
    setup("L00")
    file = tmp_path / "image" / "Dockerfile"
    file.parent.mkdir()
    for text in ("FROM course/busybox\nENV A=1\n", "FROM parent\nENV B=1\n"):
        file.write_text(text)
        for _ in build(file.parent, ["parent" if "A=1" in text else "child"], client=inside):
            pass
    file.write_text("FROM course/busybox\nENV A=2\n")
    for _ in build(file.parent, ["parent"], client=inside):  # the first parent has no name now, and a child
        pass
    reset()
    assert sorted(tag for image in inside.images.list(all=True) for tag in image.tags or [""]) == BASES


def test_what_the_engine_refuses_is_an_error_and_the_rest_is_removed(
    small_course: Path, inside: docker.DockerClient
) -> None:
    inside.networks.create("harbour")
    inside.containers.run("course/busybox", ["sleep", "300"], name="web", network="harbour", detach=True)
    setup("L00")
    setup("L01")  # the network and its container belong to no lesson
    used = [thing for thing in holdings(inside) if thing.kind == "network"]
    inside.volumes.create("kept")
    kept = [thing for thing in holdings(inside) if thing.kind == "volume"]
    with pytest.raises(docker.errors.APIError, match="harbour"):
        remove(inside, [*used, *kept])
    assert "kept" not in names(inside)


def test_a_lesson_runs_where_nothing_may_be_written(
    small_course: Path,
    inside: docker.DockerClient,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SLIPWAY_STATE_DIR", "/sys/slipway")  # not even root may make a folder there
    setup("L00")
    hint("L00-only")
    inside.containers.create("course/busybox", name="web")
    reset()
    assert capsys.readouterr().out.endswith("✓ removed 1 container: web\n")
    assert progress.read() == progress.Progress()


def test_a_second_machine_has_never_seen_the_first_ones_images(
    small_course: Path, inside: docker.DockerClient, capsys: pytest.CaptureFixture[str]
) -> None:
    setup("L00")
    for _ in build(small_course / "L01-go-on/prepare", ["shop:1"], client=inside):
        pass
    colleague = machine()
    assert not [image for image in colleague.images.list() if "shop:1" in image.tags]
    archive = list(inside.images.get("shop:1").save(named=True))
    (loaded,) = colleague.images.load(b"".join(archive))
    assert loaded.id == inside.images.get("shop:1").id
    assert machine().images.get("shop:1"), "the same machine, asked for again"
    colleague.close()
    capsys.readouterr()
    reset()
    assert "✓ ended the machine colleague" in capsys.readouterr().out


def test_a_machine_that_the_grader_made_is_used(
    inside: docker.DockerClient, lesson_session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_MACHINE_COLLEAGUE", lesson_session.url)
    assert machine("colleague").info()["ID"] == inside.info()["ID"]


def test_hints_come_in_steps_then_all_of_them(
    small_course: Path, inside: docker.DockerClient, capsys: pytest.CaptureFixture[str]
) -> None:
    setup("L00")
    inside.containers.create("course/busybox", name="web")  # created: no state hint fits
    capsys.readouterr()
    for _ in range(4):
        hint("L00-only")
    steps = ["Hint 1 of 3: where to look", "Hint 2 of 3: which idea", "Hint 3 of 3: the shape"]
    assert capsys.readouterr().out.splitlines() == [*steps, *steps]
    assert progress.hints_read("L00-only") == 3


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda client: None, "there is no container web"),
        (lambda client: _ended(client, "no-such-command"), "not found"),
        (lambda client: client.images.get("course/busybox").tag("shop") and _web(client), "the image is there"),
    ],
    ids=["absent", "exited with 127", "image present"],
)
def test_the_last_hint_is_chosen_from_what_the_engine_shows(
    small_course: Path, inside: docker.DockerClient, capsys: pytest.CaptureFixture[str], make: Make, expected: str
) -> None:
    make(inside)
    hint("L00-only")
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("What the engine shows: ") and expected in last


def _web(client: docker.DockerClient) -> None:
    client.containers.create("course/busybox", name="web")


def _ended(client: docker.DockerClient, command: str) -> None:
    client.containers.run("course/busybox", ["sh", "-c", command], name="web", detach=True).wait()


def test_a_hint_needs_no_id_where_there_is_one_exercise(
    small_course: Path, inside: docker.DockerClient, capsys: pytest.CaptureFixture[str]
) -> None:
    setup("L00")
    capsys.readouterr()
    hint()
    assert capsys.readouterr().out.startswith("Hint 1 of 3")
    setup("L01")
    with pytest.raises(CourseError, match="L01-one, L01-two"):
        hint()


def test_a_hint_is_given_also_where_no_engine_answers(
    small_course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    hint("L00-only")
    assert capsys.readouterr().out == "Hint 1 of 3: where to look\n"
