"""The learner's home page, `Home/Home.ipynb`: how far they are, where to go on, and what is kept on the engine.

The server writes it when it starts and whenever a notebook is saved, so that it is true when it is opened. The lessons
are Markdown, which needs no kernel; a cell shows what the engine keeps.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course.errors import CourseError

if TYPE_CHECKING:
    from course.manifest import Lesson
    from course.standing import Standing

NAME = "Home"
OURS = "slipway_home"
"""The entry of the notebook's metadata without which a file of that name is a learner's own, and is left alone."""
RINGS = "○◔◑◕"
"""Nothing, a little, half and most of a lesson's points; ● is a lesson that is done."""
KEPT = "from course.kernel.kept import kept\n\nkept()"
KERNEL = {"name": "slipway", "display_name": "Docker course", "language": "python"}


def path_of(workspace: Path) -> Path:
    """Where the home page of a learner's folder is; lessons link to it as `../Home/Home.ipynb`."""
    return workspace / NAME / f"{NAME}.ipynb"


def write(workspace: Path) -> bool:
    """Write the page for the lessons of a learner's folder, where it would say something else than it does.

    Returns:
        Whether it was written: not where the folder has no lesson, nor over a file that is the learner's own.
    """
    from course import manifest, progress
    from course.standing import summarise

    course = manifest.load()
    there = [lesson for lesson in course.lessons if (workspace / lesson.name / lesson.notebook.name).is_file()]
    path = path_of(workspace)
    if not there or (path.exists() and not _is_ours(path)):
        return False
    text = nbformat.writes(page(there, summarise(course, progress.read()).lessons))
    if path.exists() and path.read_text("utf-8") == text:
        return False
    path.parent.mkdir(exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(text, "utf-8")
    new.replace(path)
    return True


def page(lessons: list[Lesson], standings: tuple[Standing, ...]) -> Any:
    """The notebook.

    Args:
        lessons: those of the learner's folder, in the order of the course.
        standings: of all lessons.
    """
    by_id = {one.lesson: one for one in standings}
    book = new_notebook(
        cells=[
            new_markdown_cell(lessons_in_markdown(lessons, by_id), id="home-lessons"),
            new_markdown_cell(
                "## What is kept on the engine\n\nRun the cell below: it lists what each lesson made, how much space "
                "that takes, and what removes it.",
                id="home-engine",
            ),
            new_code_cell(KEPT, id="home-kept"),
        ]
    )
    book.metadata.update(kernelspec=KERNEL, **{OURS: True})
    return book


def lessons_in_markdown(lessons: list[Lesson], standings: dict[str, Standing]) -> str:
    """Where to go on, one line of lessons with a ring each, and the time that is left."""
    open_ones = [lesson for lesson in lessons if not standings[lesson.id].done]
    lines = ["# Your course", ""]
    if open_ones:
        first = open_ones[0]
        verb = "Continue" if any(standings[lesson.id].opened for lesson in lessons) else "Begin"
        lines += [f"**[{verb}: {first.id} {first.title}]({link(first)})**, about {first.minutes} minutes", ""]
    else:
        lines += ["**✓ Every lesson is done.**", ""]
    lines += [" · ".join(f"{ring(standings[one.id])} [{one.id}]({link(one)})" for one in lessons), ""]
    done = len(lessons) - len(open_ones)
    left = sum(lesson.minutes for lesson in open_ones)
    lines += [f"{done} of {len(lessons)} lessons done{f', about {_hours(left)} left in all' if left else ''}.", ""]
    lines += ["| state | lesson | points | predictions |", "|---|---|---|---|"]
    for lesson in lessons:
        one = standings[lesson.id]
        points = f"{one.points:g} of {one.out_of:g}" if lesson.exercises else ""
        lines.append(f"| {one.state} | [{lesson.id} {lesson.title}]({link(lesson)}) | {points} | {one.predictions} |")
    return "\n".join([*lines, "", "The course writes this page; what you change here is not kept."])


def ring(standing: Standing) -> str:
    """How much of a lesson is done, as a circle that fills."""
    if standing.done:
        return "●"
    share = standing.points / standing.out_of if standing.out_of else 0.0
    return RINGS[max(int(standing.opened), min(3, int(4 * share)))]


def link(lesson: Lesson) -> str:
    """The way to a lesson from a page that lies in a folder beside it."""
    return f"../{lesson.name}/{lesson.notebook.name}"


def install(server: Any, workspace: Path) -> None:
    """Write the page now, and again whenever a notebook is saved (jupyter_server 2 has `register_post_save_hook`)."""
    _write_quietly(server.log, workspace)
    register = getattr(server.contents_manager, "register_post_save_hook", None)
    if register is not None:  # a manager of another kind may know no hooks

        def after_save(model: dict[str, Any], **_: Any) -> None:
            if model.get("type") == "notebook" and model.get("name") != f"{NAME}.ipynb":
                _write_quietly(server.log, workspace)

        register(after_save)


def _write_quietly(log: Any, workspace: Path) -> None:
    try:
        write(workspace)
    except (CourseError, OSError) as error:  # a full or read-only disk: the lessons are there all the same
        log.warning("slipway: the home page was not written: %s", error)


def _is_ours(path: Path) -> bool:
    with contextlib.suppress(OSError, ValueError, nbformat.reader.NotJSONError):
        return bool(nbformat.read(path, as_version=4).metadata.get(OURS))
    return False


def _hours(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return " ".join([f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest))
