"""`course lab`: JupyterLab on the learner's folder, opened where the learner was."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from course.manifest import Course, Lesson

LEARNER_CONFIG = Path(__file__).parent / "kernel" / "learner_config"
"""What differs from `jupyter lab`: nbgrader's pages and menus are an instructor's, and are not loaded."""


def lab(
    workspace: Annotated[
        Path | None, typer.Option(help="The learner's folder; SLIPWAY_WORKSPACE, else ~/slipway.")
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the URL and open no browser.")] = False,
    port: Annotated[int, typer.Option(help="The server's port; 0 takes a free one.")] = 8888,
    notebook: Annotated[bool, typer.Option("--notebook", help="Open Notebook 7 instead of JupyterLab.")] = False,
) -> None:
    """Put the lessons into the learner's folder and open them in JupyterLab."""
    from course import manifest
    from course.gateway.keeping import kept_line
    from course.gateway.lease import workspace_name
    from course.workspace import prepare

    given = os.environ.get("SLIPWAY_WORKSPACE")
    folder = (workspace or (Path(given) if given else Path.home() / "slipway")).resolve()
    course = manifest.load()
    for added in prepare(course, folder):
        typer.echo(f"✓ {added.name} is in {folder}")
    if line := kept_line(workspace_name(folder)):
        typer.echo(line)
    here = where_the_learner_was(course)
    os.environ["SLIPWAY_WORKSPACE"] = str(folder)
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(
        [str(LEARNER_CONFIG), *filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])]
    )
    # both front ends open a path below their own prefix: /lab/tree/… and /notebooks/…
    prefix = "/notebooks" if notebook else "/lab/tree"
    command = [
        sys.executable,
        "-m",
        "notebook" if notebook else "jupyterlab",
        f"--ServerApp.root_dir={folder}",
        f"--ServerApp.port={port}",
        "--KernelManager.transport_encryption=auto",  # the course kernel can; jupyter_client 8.10 warns where none is
        f"--{'JupyterNotebookApp' if notebook else 'LabApp'}.default_url={prefix}/{here.name}/{here.notebook.name}",
    ]
    if no_browser:
        command.append("--no-browser")
    if os.geteuid() == 0:
        command.append("--allow-root")  # a container or a small machine, where root is the only user
    os.execv(command[0], command)


def where_the_learner_was(course: Course) -> Lesson:
    """The lesson that was set up last; the first one before any was."""
    from course import progress

    record = progress.read()
    return max(course.lessons, key=lambda lesson: record.lesson(lesson.id).opened)
