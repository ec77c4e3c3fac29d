"""The documentation builds from the repository's Markdown, and opens from a file without a network."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from course.cli import app as course_app
from grader.cli import app as grader_app

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "artefacts" / "site"


@pytest.fixture(scope="module")
def pages() -> dict[Path, str]:
    done = subprocess.run([sys.executable, "docs/build.py"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr  # --strict: a link that leads nowhere is an error
    return {path: path.read_text("utf-8") for path in SITE.rglob("*.html") if path.name != "404.html"}


def test_every_audience_has_its_pages(pages: dict[Path, str]) -> None:
    names = {str(path.relative_to(SITE)) for path in pages}
    assert {"index.html", "grader/index.html", "notebooks/index.html", "course/index.html", "SECURITY.html"} <= names
    for audience in ("Instructors", "Authors", "Operators", "Developers"):
        assert audience in pages[SITE / "index.html"]


def test_no_page_loads_anything_from_outside(pages: dict[Path, str]) -> None:
    for path, text in pages.items():
        loaded = re.findall(r"<(?:script|img|link)\b[^>]*?(?:src|href)=\"?(https?:[^\" >]+)", text)
        assert [one for one in loaded if "canonical" not in one] == [], path


def test_every_file_that_a_page_names_is_there(pages: dict[Path, str]) -> None:
    missing = []
    for path, text in pages.items():
        for link in re.findall(r"(?:src|href)=\"?([^\" >#?]+)", text):
            if not re.match(r"[a-z]+:|//|data:", link) and not (path.parent / link).exists():
                missing.append(f"{path.relative_to(SITE)}: {link}")
    assert missing == []


def test_no_solution_is_on_the_site(pages: dict[Path, str]) -> None:
    assert not [path for path in pages if "answers" in path.parts or path.stem == "instructor"]


PROGRAMS = {"course": typer.main.get_command(course_app), "grader": typer.main.get_command(grader_app)}
PAGES = [
    name
    for name in subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    if name != "CHANGELOG.md"  # which names what was
]


def commands_of(text: str) -> Iterator[str]:
    """Each command of a page that begins with one of our programs, in a code block or between backticks."""
    words = "|".join(PROGRAMS)
    yield from re.findall(rf"^ {{4,}}((?:{words}) [a-z][^#\n]*)", text, re.MULTILINE)
    yield from re.findall(
        rf"^((?:{words}) [a-z][^#\n]*)$", "\n".join(re.findall(r"^```\w*\n(.*?)^```", text, re.S | re.M)), re.M
    )
    yield from re.findall(rf"`((?:{words}) [a-z][^`\n]*)`", text)


def faults_of(command: str) -> list[str]:
    """What a command names that the program does not have."""
    try:
        name, *words = shlex.split(re.split(r"  +|[…|&;]", command)[0])
    except ValueError:
        return []  # a sentence with an apostrophe, no command
    here = PROGRAMS[name]
    for word in words:
        if hasattr(here, "commands") and re.fullmatch(r"[a-z][a-z-]*", word):
            if word not in here.commands:
                return [f"{command}: no command {word}"]
            here = here.commands[word]
        elif word == "--":
            break
        elif re.fullmatch(r"--[a-z-]+(=.*)?", word):
            known = {option for param in here.params for option in (*param.opts, *param.secondary_opts)} | {"--help"}
            if word.partition("=")[0] not in known:
                return [f"{command}: no option {word}"]
    return []


@pytest.mark.parametrize("document", PAGES)
def test_every_command_of_a_page_exists_with_its_options(document: str) -> None:
    found = [fault for command in commands_of((ROOT / document).read_text("utf-8")) for fault in faults_of(command)]
    assert found == []


def test_a_command_that_is_gone_is_found() -> None:
    assert faults_of("course sweep") and faults_of("course engine up --now") and not faults_of("course engine up --yes")
    assert list(commands_of("    course doctor   # looks\nsee `grader lesson lint`")) == [
        "course doctor   ",
        "grader lesson lint",
    ]


def test_every_make_target_of_a_page_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for page in PAGES:
        text = (ROOT / page).read_text("utf-8")
        named = re.findall(r"^ {4,}make(?: -B)? ([a-z-]+)", text, re.MULTILINE) + re.findall(
            r"`make(?: -B)? ([a-z-]+)", text
        )
        assert set(named) <= targets, page
