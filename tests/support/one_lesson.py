"""A learner's run without a browser: `one_lesson.py WORKSPACE LESSON…` places the lessons and runs these."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from course import manifest, workspace


def main(folder: Path, ids: list[str]) -> None:
    """Run each lesson's self-study copy from top to bottom, in the kernel that its metadata names."""
    course = manifest.load()
    workspace.prepare(course, folder)
    for lesson in course.lessons:
        if lesson.id in ids:
            copy = folder / lesson.name / lesson.notebook.name
            node = nbformat.read(copy, as_version=4)
            NotebookClient(node, timeout=300, resources={"metadata": {"path": str(copy.parent)}}).execute()
            print("ran", lesson.id, node.metadata.kernelspec.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
