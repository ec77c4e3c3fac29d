"""The documentation builds from the repository's Markdown, and opens from a file without a network."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

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
