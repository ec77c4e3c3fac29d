"""The generated submissions are what they say they are."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from submissions import honest, write_class

from course.manifest import load


@pytest.mark.parametrize("lesson_id", [lesson.id for lesson in load().lessons])
def test_every_lesson_gives_submissions_that_differ(lesson_id: str) -> None:
    made = honest(load().lesson(lesson_id), 12)
    texts = ["".join(cell.source for cell in one.notebook().cells) for one in made]
    assert len({one.student for one in made}) == 12
    assert len(set(texts)) >= 5 and {one.kind for one in made} == {"right", "untouched", "wrong", "partly"}
    assert not any("BEGIN SOLUTION" in text or "HIDDEN TESTS" in text for text in texts)


def test_they_are_written_as_a_learner_submits_them(tmp_path: Path) -> None:
    made = write_class(tmp_path, ["L02", "L03"], 4, whole=False)
    assert len(made) == 8
    notebook = tmp_path / "Ada" / "L02-images" / "L02-images.ipynb"
    (starter,) = [cell for cell in nbformat.read(notebook, 4).cells if cell.id == "L02-shop"]
    assert "COPY shop.py" in starter.source
    assert (notebook.parent / "shop" / "shop.py").exists() and not (notebook.parent / "answers").exists()
