"""Put a lesson's files back as they were released, keeping a dated copy of every file that the learner changed."""

from __future__ import annotations

import filecmp
import shutil
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from course.errors import CourseError

if TYPE_CHECKING:
    from course.manifest import Lesson


def restore(lesson: Lesson, workspace: Path) -> list[Path]:
    """Restore the lesson's folder in a learner's workspace.

    A copy is named after the file, with date and time: `L01-containers.2026-03-01-140500.ipynb`. Files that the lesson
    does not bring are left alone.

    Args:
        lesson: the lesson.
        workspace: the learner's folder.

    Returns:
        The copies.

    Raises:
        CourseError: the workspace is the folder of the course's own sources.
    """
    from course.workspace import place

    home = workspace / lesson.name
    if home.resolve() == lesson.folder.resolve():
        raise CourseError(
            "a learner's copy of the lesson", f"{home} holds the lesson's source, with its solutions",
            "use version control there, or name the learner's folder: --workspace FOLDER",
        )  # fmt: skip
    stamp = datetime.now().strftime("%Y-%m-%d-%H%M%S")
    copies = []
    with tempfile.TemporaryDirectory() as fresh:
        place(lesson, Path(fresh))
        released = Path(fresh) / lesson.name
        for path in sorted(path for path in released.rglob("*") if path.is_file()):
            target = home / path.relative_to(released)
            if target.is_file():
                if filecmp.cmp(path, target, shallow=False):
                    continue
                copies.append(target.rename(target.with_name(f"{target.stem}.{stamp}{target.suffix}")))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    return copies
