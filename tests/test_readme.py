"""What README.md says is so."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import typer.main

from course.cli import app as course_app
from course.manifest import load
from grader.checks.messages import message
from grader.cli import app as grader_app

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 120
    assert len(re.findall(r"!\[", README)) == 1


@pytest.mark.parametrize("page", ["README.md", "SECURITY.md"])
def test_links_lead_somewhere(page: str) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)", (ROOT / page).read_text("utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_answer_of_a_check_is_what_a_check_says() -> None:
    told = message(
        "container.ended",
        container="web",
        code=127,
        meaning="the command was not found",
        log="sh: serve: not found",
    )
    shown = f"    expected: {told.expected}\n    observed: {told.observed}\n    try next: {told.try_next}\n"
    assert shown in README


def test_every_command_exists() -> None:
    for program, app in (("course", course_app), ("grader", grader_app)):
        known = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
        used = set(re.findall(rf"`{program} ([a-z]+)", README))
        assert used and used <= known
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", README)) <= made


def test_every_lesson_is_in_the_table() -> None:
    named: set[str] = set()
    for row in re.findall(r"^\| (L\d\d[^|]*)\|", README, re.MULTILINE):
        first, *last = (int(number) for number in re.findall(r"L(\d\d)", row))
        span = range(first, last[-1] + 1) if " to " in row else [first, *last]
        named |= {f"L{number:02}" for number in span}
    assert named == {lesson.id for lesson in load().lessons}


def test_the_sizes_are_those_of_this_environment() -> None:
    """The developer's packages; the rest is in engine/test_interrupted.py and install/test_wheel.py."""
    lock = re.findall(r"^[a-z0-9-]+==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    found = re.search(r"developer \| about (\d+) packages", README)
    assert found and abs(int(found[1]) - len(lock)) <= 10


def test_the_version_is_one(tmp_path: Path) -> None:
    import course

    assert f"version: {course.__version__}\n" in (ROOT / "CITATION.cff").read_text()
    release = (ROOT / ".github/workflows/release.yml").read_text()
    command = re.search(r"run: (test .*?) = \"\$GITHUB_REF_NAME\"", release)
    assert command is not None
    words = f'{command[1]} = "v{course.__version__}"'
    assert subprocess.run(["sh", "-c", words], cwd=ROOT, check=False).returncode == 0
