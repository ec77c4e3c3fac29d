"""An instructor's workspace: one folder with nbgrader's folders, its configuration, the roster and the gradebook."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING
from urllib.parse import quote

from course.manifest import load
from course.workspace import KEPT_BACK
from grader.classroom.errors import NotAWorkspace, UnknownLesson
from grader.classroom.shown import shown

if TYPE_CHECKING:
    from traitlets.config import Config

CONFIG_FILE = "nbgrader_config.py"
ROSTER_FILE = "roster.csv"
_PATTERN = re.compile(r"\*|\$[\w{]")
STEPS = ("source", "release", "submitted", "autograded", "feedback", "exchange", "report", ".grader")


@dataclass(frozen=True)
class Workspace:
    """A workspace that exists.

    Args:
        root: the folder that holds nbgrader_config.py.
    """

    root: Path

    @property
    def roster(self) -> Path:
        """The CSV file with the learners."""
        return self.root / ROSTER_FILE

    def config(self) -> Config:
        """The configuration of nbgrader, as `nbgrader` itself reads it when it is started in this folder."""
        from traitlets.config.loader import PyFileConfigLoader

        return PyFileConfigLoader(CONFIG_FILE, path=str(self.root)).load_config()

    def lessons(self) -> list[str]:
        """The names of the lessons that are here, sorted: `L01-containers`."""
        return sorted(folder.name for folder in (self.root / "source").glob("*/") if any(folder.glob("*.ipynb")))

    def lesson(self, wanted: str) -> str:
        """The full name of a lesson, also from its id: `L01` is `L01-containers`.

        Raises:
            UnknownLesson: there is none.
        """
        for name in self.lessons():
            if wanted in (name, name.split("-", 1)[0]):
                return name
        known = ", ".join(self.lessons()) or "none"
        raise UnknownLesson(
            f"a lesson of {self.root / 'source'} ({known})", f"{wanted!r}", "name one of them, by its id or its folder"
        )


def open_workspace(folder: Path) -> Workspace:
    """Open a workspace, from its folder or any folder below it.

    Its configuration is a program that runs with the instructor's rights. So it is read from the workspace's top only:
    a learner's nbgrader_config.py below submitted/, autograded/ or feedback/ is never one.

    Raises:
        NotAWorkspace: neither has a configuration of nbgrader, or the folder has a name that nbgrader cannot take.
    """
    folder = folder.resolve()
    tops = [one for one in (folder, *folder.parents) if (one / CONFIG_FILE).is_file() and (one / "source").is_dir()]
    for candidate in tops:
        if not any(_is_inside(candidate, above) for above in tops):
            refuse_name(candidate)
            return Workspace(candidate)
    raise NotAWorkspace(
        f"an instructor's workspace, with {CONFIG_FILE}",
        f"{folder} has none, nor has a folder above it",
        "`grader init DIR` makes one; then `cd DIR`, or name it with --workspace DIR",
    )


def refuse_name(folder: Path) -> None:
    """Refuse a folder whose name a terminal cannot show, or that nbgrader takes for something else.

    Raises:
        NotAWorkspace: its path has a control character, a direction mark, a `*` or a variable such as `$HOME`.
    """
    path = str(folder.resolve())
    if found := _PATTERN.search(path):
        raise NotAWorkspace(
            "a folder without * and $NAME in its path, which nbgrader replaces", found[0], "give it another name"
        )
    if shown(path) != path:
        raise NotAWorkspace("a folder without control characters in its path", shown(path), "give it another name")


def gradebook_url(root: Path) -> str:
    """The address of gradebook.db in a workspace, as the installed SQLAlchemy reads it: 2.1 decodes `%20` in a path."""
    from sqlalchemy import make_url

    path = str(root / "gradebook.db")
    plain, quoted = f"sqlite:///{path}", f"sqlite:///{quote(path)}"
    return plain if make_url(plain).database == path else quoted


def _is_inside(folder: Path, top: Path) -> bool:
    """Whether a folder lies in one of a workspace's own folders, where learners' files are."""
    return folder != top and folder.is_relative_to(top) and folder.relative_to(top).parts[0] in STEPS


def init(folder: Path, notebooks: Path | None = None, course_id: str = "slipway") -> Workspace:
    """Make a workspace with every lesson in it.

    Args:
        folder: made if absent.
        notebooks: the folder with course.toml; the installed course's by default.
        course_id: nbgrader's name for the course; it is part of the exchange's paths.

    Raises:
        NotAWorkspace: the folder is a workspace already.
        ManifestError: the lessons cannot be read.
    """
    plan_init(folder, notebooks)
    for lesson in load(notebooks).lessons:
        ignored = shutil.ignore_patterns(*KEPT_BACK)
        shutil.copytree(lesson.folder, folder / "source" / lesson.name, ignore=ignored, dirs_exist_ok=True)
    for name in ("release", "submitted", "autograded", "feedback", "exchange"):
        (folder / name).mkdir(exist_ok=True)
    # nbgrader's rule: whoever submits writes here; the sticky bit keeps others from moving what is not theirs
    (folder / "exchange").chmod(0o1777)
    if not (folder / ROSTER_FILE).exists():
        (folder / ROSTER_FILE).write_text("id,first_name,last_name,email\n", "utf-8")
    template = Template(files(__package__).joinpath("nbgrader_config.txt").read_text("utf-8"))
    (folder / CONFIG_FILE).write_text(template.substitute(course_id=course_id), "utf-8")
    return Workspace(folder.resolve())


def plan_init(folder: Path, notebooks: Path | None = None) -> list[str]:
    """The lessons that `init` would put there. Writes nothing.

    Raises:
        NotAWorkspace: the folder is a workspace already.
        ManifestError: the lessons cannot be read.
    """
    refuse_name(folder)
    if (folder / CONFIG_FILE).exists():
        raise NotAWorkspace(
            "a folder that is no workspace yet",
            f"{folder / CONFIG_FILE} exists",
            "use another folder, or go on with this one: `grader release LESSON`",
        )
    return [lesson.name for lesson in load(notebooks).lessons]
