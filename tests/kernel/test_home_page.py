"""The home page says where the learner stands; its links, and those below a set-up cell, lead to what is there."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import docker
import nbformat
import pytest
from live_kernel import LiveKernel

from course import manifest, progress
from course.kernel import home_page, way
from course.kernel.kept import Kept
from course.workspace import place

LINK = re.compile(r"\]\(([^)]+)\)")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's folder with the first three lessons, of which nothing is done."""
    monkeypatch.setenv("SLIPWAY_STATE_DIR", str(tmp_path / "state"))
    folder = tmp_path / "slipway"
    for lesson in manifest.load().lessons[:3]:
        place(lesson, folder)
    return folder


def shown(workspace: Path) -> str:
    home_page.write(workspace)
    path = home_page.path_of(workspace)
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    text: str = book.cells[0].source
    for link in LINK.findall(text):
        assert (path.parent / link).is_file(), link
    return text


def test_it_leads_a_beginner_to_the_first_lesson(workspace: Path) -> None:
    first, *_ = lessons = manifest.load().lessons[:3]
    text = shown(workspace)
    assert text.splitlines()[2].startswith(f"**[Begin: {first.id} {first.title}](../{first.name}/")
    left = home_page._hours(sum(one.minutes for one in lessons))
    assert f"0 of 3 lessons done, about {left} left in all." in text
    assert text.count("○ [L0") == 3


def test_rings_fill_and_continue_moves_on(workspace: Path) -> None:
    first, second, third = manifest.load().lessons[:3]
    progress.record_opened(first.id)
    for exercise in first.exercises:
        progress.record_check(exercise.id, exercise.points, exercise.points)
    progress.record_opened(second.id)
    text = shown(workspace)
    assert f"**[Continue: {second.id} {second.title}]" in text
    assert [f"{ring} [{one.id}]" in text for ring, one in zip("●◔○", (first, second, third), strict=True)] == [True] * 3
    assert "1 of 3 lessons done" in text
    for lesson in (second, third):
        progress.record_opened(lesson.id)
        for exercise in lesson.exercises:
            progress.record_check(exercise.id, exercise.points, exercise.points)
    text = shown(workspace)
    assert "✓ Every lesson is done." in text and "left in all" not in text


@pytest.mark.parametrize(("minutes", "words"), [(45, "45 min"), (60, "1 h"), (135, "2 h 15 min")])
def test_time_is_told_in_hours(minutes: int, words: str) -> None:
    assert home_page._hours(minutes) == words


def test_it_is_written_only_when_it_says_something_else(workspace: Path) -> None:
    assert home_page.write(workspace)
    assert not home_page.write(workspace)
    progress.record_opened("L00")
    assert home_page.write(workspace)


def test_a_learners_own_file_and_a_folder_without_lessons_are_left_alone(workspace: Path, tmp_path: Path) -> None:
    path = home_page.path_of(workspace)
    path.parent.mkdir()
    for text in ("not a notebook", nbformat.writes(nbformat.v4.new_notebook())):
        path.write_text(text)
        assert not home_page.write(workspace) and path.read_text() == text
    (tmp_path / "other").mkdir()
    assert not home_page.write(tmp_path / "other") and not list((tmp_path / "other").iterdir())


def test_the_way_leads_to_what_is_there(workspace: Path) -> None:
    first, second, third = manifest.load().lessons[:3]
    notebooks = [workspace / one.name / one.notebook.name for one in (first, second, third)]
    assert [words for _, words in way.links_of(notebooks[0])] == [f"{second.id} {second.title} →"]
    home_page.write(workspace)
    links = way.links_of(notebooks[1])
    assert [words[:5] for _, words in links] == ["← L00", "Home", "L02 I"]
    for to, _ in links:
        assert (notebooks[1].parent / to).is_file(), to
    assert [words for _, words in way.links_of(notebooks[2])][-1] == "Home", "the next lesson is not there"
    assert way.links_of(workspace / "mine" / "own.ipynb") == []
    assert way.in_html([("../a b/c.ipynb", "<L01>")]) == '<p><a href="../a b/c.ipynb">&lt;L01&gt;</a></p>'


def test_the_way_is_shown_below_the_set_up_cell_to_a_person_only(
    warm: LiveKernel, kernel_folder: Path, workspace: Path
) -> None:
    lesson = manifest.load().lessons[1]
    home_page.write(workspace)
    path = workspace / lesson.name / lesson.notebook.name
    (cell,) = [one for one in nbformat.read(path, as_version=4).cells if "setup" in one.metadata.get("tags", ())]
    other = next(one for one in nbformat.read(path, as_version=4).cells if "run" in one.metadata.get("tags", ()))
    warm.must(f"import os; os.environ['JPY_SESSION_NAME'] = {str(path)!r}")
    try:
        assert warm.must(cell.source).displays == []
        assert "Home" in warm.must(cell.source, cell.id).displays[0]["text/html"]
        assert warm.must("1", other.id).displays == []
    finally:
        warm.must("del os.environ['JPY_SESSION_NAME']")


def test_what_is_kept_is_told_by_lesson(warm: LiveKernel, clean: docker.DockerClient) -> None:
    assert "nothing is kept" in warm.must("from course.kernel.kept import kept; kept()").stdout
    warm.must("from course.lesson import setup; setup('L00')")
    clean.containers.create("course/busybox", ["true"], name="web")
    said = warm.must("kept()").stdout
    assert 'L00: 1 container; `reset("L00")`' in said and "course session end " in said


def test_what_is_kept_counts_each_kind() -> None:
    text = str(Kept(2_000_000, {"L02": Counter(image=2, volume=1), "": Counter(container=1)}, "s1"))
    assert text.splitlines() == [
        "2.0 MB on the engine, besides the base images:",
        "  no lesson: 1 container",
        '  L02: 2 images, 1 volume; `reset("L02")` (from course.lesson import reset) removes it',
        "`course session end s1` in a terminal removes all of it.",
    ]
