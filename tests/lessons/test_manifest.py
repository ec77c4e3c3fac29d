"""The manifest is read whole or not at all, and its errors name the file and the field."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from course import manifest
from course.manifest import Course, ManifestError, StateHint


@pytest.fixture
def copied(course: Course, tmp_path: Path) -> Path:
    for path in (course.root / "course.toml", course.root / course.lessons[0].name):
        shutil.copytree(path, tmp_path / path.name) if path.is_dir() else shutil.copy(path, tmp_path)
    listing = (tmp_path / "course.toml").read_text("utf-8")
    for lesson in course.lessons[1:]:
        listing = listing.replace(f'  "{lesson.name}",\n', "")
    (tmp_path / "course.toml").write_text(listing, "utf-8")
    return tmp_path


def test_a_lesson_an_exercise_and_a_question_are_found_by_id(course: Course) -> None:
    assert course.lesson("L01").name == "L01-containers" == course.lesson("L01-containers").name
    assert course.exercise("L01-stay-up").points == 4
    assert course.question("L01-kernel").answer.text == "twice the release of the host's kernel"


@pytest.mark.parametrize("ask", [Course.lesson, Course.exercise, Course.question])
def test_an_unknown_id_is_an_error_that_lists_the_known_ones(course: Course, ask: object) -> None:
    with pytest.raises(ManifestError, match="not among"):
        ask(course, "L99-nothing")  # type: ignore[operator]  # three methods of one shape


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("minutes = 20", 'minutes = "long"', "minutes"),
        ('title = "Welcome"', "", "title"),
        ("points = 3", "points = 3\nhinst = []", "hinst"),
        ("idea =", "idea = =", "Invalid"),
    ],
)
def test_a_malformed_lesson_file_is_an_error_that_names_the_field(copied: Path, old: str, new: str, says: str) -> None:
    file = copied / "L00-welcome" / "lesson.toml"
    file.write_text(file.read_text("utf-8").replace(old, new, 1), "utf-8")
    with pytest.raises(ManifestError, match=says):
        manifest.load(copied)


def test_a_missing_file_is_an_error_that_says_how_to_get_one(copied: Path) -> None:
    (copied / "L00-welcome" / "lesson.toml").unlink()
    with pytest.raises(ManifestError, match="grader lesson new"):
        manifest.load(copied / "course.toml")


def test_no_two_lessons_prepare_different_images_under_one_name(course: Course) -> None:
    """A session holds all lessons side by side, so an image that is there already is not prepared again."""
    made: dict[str, set[str]] = {}
    for lesson in course.lessons:
        for image in lesson.prepares:
            made.setdefault(image.image, set()).add(lesson.name)
    assert {name: lessons for name, lessons in made.items() if len(lessons) > 1} == {}


def test_a_state_hint_matches_what_it_asks_for_and_nothing_else() -> None:
    hint = StateHint(text="…", container="web", status="exited", exit_code=127)
    assert hint.matches("exited", 127)
    assert not hint.matches("exited", 1)
    assert not hint.matches("running", 127)
    assert StateHint(text="…", image="web").matches("anything")
