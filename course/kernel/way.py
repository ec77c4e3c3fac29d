"""Below a lesson's set-up cell, where a person sees it: the lesson before, the home page, and the lesson after."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from course.manifest import Lesson


def show_way(result: Any) -> None:
    """Show it when a set-up cell has ended (a `post_run_cell` of IPython)."""
    from course.lesson.lesson_cell import running_lesson_cell
    from course.widgets.cells import running_cell

    running = running_cell()
    if running is None or running.id is None or not result.success:
        return
    cell = running_lesson_cell()
    if cell is None or not cell.has("setup"):
        return
    from IPython.display import display

    if links := links_of(cell.notebook):
        display({"text/plain": in_text(links), "text/html": in_html(links)}, raw=True)


def links_of(notebook: Path) -> list[tuple[str, str]]:
    """The address and the words of each link: only of what is there, beside the lesson's own folder."""
    from course import manifest
    from course.kernel import home_page

    lessons = manifest.load().lessons
    names = [lesson.name for lesson in lessons]
    workspace = notebook.parent.parent
    if notebook.parent.name not in names:
        return []
    at = names.index(notebook.parent.name)
    found = [_link(workspace, lesson, "← {}") for lesson in lessons[:at][-1:]]
    if home_page.path_of(workspace).is_file():
        found.append((f"../{home_page.NAME}/{home_page.NAME}.ipynb", "Home"))
    found += [_link(workspace, lesson, "{} →") for lesson in lessons[at + 1 :][:1]]
    return [link for link in found if link[0]]


def _link(workspace: Path, lesson: Lesson, words: str) -> tuple[str, str]:
    from course.kernel.home_page import link

    there = (workspace / lesson.name / lesson.notebook.name).is_file()
    return (link(lesson) if there else "", words.format(f"{lesson.id} {lesson.title}"))


def in_text(links: list[tuple[str, str]]) -> str:
    """The same without links."""
    return " · ".join(words for _, words in links)


def in_html(links: list[tuple[str, str]]) -> str:
    """One line of links, which JupyterLab and Notebook 7 open beside this notebook."""
    anchors = (f'<a href="{escape(to)}">{escape(words)}</a>' for to, words in links)
    return f"<p>{' · '.join(anchors)}</p>"
