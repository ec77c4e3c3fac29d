"""`course lab`: JupyterLab on the learner's folder, opened at the welcome lesson."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer


def lab(
    workspace: Annotated[
        Path | None, typer.Option(help="The learner's folder; SLIPWAY_WORKSPACE, else ~/slipway.")
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the URL and open no browser.")] = False,
    port: Annotated[int, typer.Option(help="The server's port; 0 takes a free one.")] = 8888,
    notebook: Annotated[bool, typer.Option("--notebook", help="Open Notebook 7 in the place of JupyterLab.")] = False,
) -> None:
    """Put the lessons into the learner's folder and open them in JupyterLab."""
    from course import manifest
    from course.workspace import prepare

    given = os.environ.get("SLIPWAY_WORKSPACE")
    folder = (workspace or (Path(given) if given else Path.home() / "slipway")).resolve()
    course = manifest.load()
    for added in prepare(course, folder):
        typer.echo(f"✓ {added.name} is in {folder}")
    first = course.lessons[0]
    os.environ["SLIPWAY_WORKSPACE"] = str(folder)
    # both front ends open a path below their own prefix: /lab/tree/… and /notebooks/…
    prefix = "/notebooks" if notebook else "/lab/tree"
    command = [
        sys.executable,
        "-m",
        "notebook" if notebook else "jupyterlab",
        f"--ServerApp.root_dir={folder}",
        f"--ServerApp.port={port}",
        f"--{'JupyterNotebookApp' if notebook else 'LabApp'}.default_url={prefix}/{first.name}/{first.notebook.name}",
    ]
    if no_browser:
        command.append("--no-browser")
    if os.geteuid() == 0:
        command.append("--allow-root")  # a container or a small machine, where root is the only user
    os.execv(command[0], command)
