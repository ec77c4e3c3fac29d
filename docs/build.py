"""Build the site: copy the repository's Markdown and its pictures, and let MkDocs make pages of them.

    python docs/build.py

A link to a file that is no page (a script, the licence) leads to nothing on the site, so it becomes plain text there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = {".md", ".webp", ".png", ".svg"}
OUTSIDE = "https://unpkg.com/iframe-worker/shim"
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:)([^)#\s]+)(#[^)]*)?\)")


def collect(to: Path) -> None:
    """Copy the pages into a folder, laid out as the repository is."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    shutil.rmtree(to, ignore_errors=True)
    for path in (ROOT / name for name in filter(None, listed.split("\0"))):
        if path.suffix not in PAGES or "answers" in path.parts or path.name == "instructor.md" or not path.exists():
            continue
        target = to / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".md":
            target.write_text(_with_pages_only(path), "utf-8")
        else:
            shutil.copyfile(path, target)


def _with_pages_only(page: Path) -> str:
    def as_page(found: re.Match[str]) -> str:
        target = page.parent / found[2]
        if target.is_dir() and (target / "README.md").exists():
            return f"[{found[1]}]({found[2].rstrip('/')}/README.md{found[3] or ''})"
        return found[0] if target.suffix in PAGES else found[1]

    return _LINK.sub(as_page, page.read_text("utf-8"))


def keep_script(site: Path) -> None:
    """Load the script that the theme fetches from outside, for a search without a server, from the site itself."""
    script = shutil.copyfile(ROOT / "docs" / "iframe-worker.js", site / "assets" / "iframe-worker.js")
    for page in site.rglob("*.html"):
        to_root = "../" * (len(page.relative_to(site).parts) - 1)
        text = page.read_text("utf-8").replace(OUTSIDE, f"{to_root}assets/{script.name}")
        page.write_text(text, "utf-8")


def main() -> int:
    """Collect and build; MkDocs' exit code."""
    collect(ROOT / "artefacts" / "docs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--config-file", "docs/mkdocs.yml"]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}  # an advertisement for the next version
    code = subprocess.run(command, cwd=ROOT, env=quiet, check=False).returncode
    if code == 0:
        keep_script(ROOT / "artefacts" / "site")
    return code


if __name__ == "__main__":
    sys.exit(main())
