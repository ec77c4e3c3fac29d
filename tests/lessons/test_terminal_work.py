"""Terminal work: the commands of each lesson, typed line by line in its folder, do what the page says."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from contextlib import closing
from pathlib import Path

import docker
import pytest

from course import manifest, notebooks
from course.gateway import session
from course.manifest import Lesson
from course.notebooks import LessonNotebook
from grader.authoring.lint.terminal import terminal_work

SECONDS = 60
SHOWN = {
    "L00": ("hello", "greeter", "Exited (0)"),
    "L01": ("\n3\n", "Exited (3)", "lit"),
    "L02": ("MARA'S SHOP", "app\nfirst"),
    "L03": ("A /srv/sold.txt", "shop.py"),
    "L04": ("install.sh", "pie"),
    "L05": ("7080/tcp -> ", "Welcome. Today we sell"),
    "L06": ("Loaded image: prices:sale",),
    "L07": ("running 0", "booth", "takings"),
    "L08": ("node [server.js --sign cheap bread]", "listens on", "\n0\n"),
    "L09": ("8080/tcp -> ",),
}


@pytest.mark.parametrize("lesson", manifest.load().lessons, ids=lambda lesson: lesson.id)
def test_each_command_of_the_terminal_work_succeeds_and_shows_what_the_page_says(
    lesson: Lesson, engine_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_ENGINE", engine_url)
    folder = tmp_path / lesson.name
    shutil.copytree(lesson.folder, folder)
    notebook = notebooks.read(lesson.notebook)
    [lines] = terminal_work(notebook)
    with session(policy="class") as one, closing(docker.DockerClient(one.url, timeout=SECONDS)) as client:
        prepared(lesson, notebook, folder, client)
        printed = "\n".join(typed(line, folder, {**os.environ, **one.environment()}) for line in lines)
    assert [text for text in SHOWN[lesson.id] if text not in f"\n{printed}\n"] == [], printed


def prepared(lesson: Lesson, notebook: LessonNotebook, folder: Path, client: docker.DockerClient) -> None:
    """Make what a learner has by then: images of earlier lessons, and those of the cells above."""
    for image in lesson.prepares:
        client.images.build(path=str(folder / image.context), tag=image.image)
    for cell in (*notebook.of("run"), *notebook.of("change")):
        first, _, recipe = cell.source.partition("\n")
        if first.startswith("%%dockerfile"):
            name = first.split()[1]
            context = folder / name.partition(":")[0]
            context.mkdir(exist_ok=True)
            (context / "Dockerfile").write_text(recipe)
            client.images.build(path=str(context), tag=name)


def typed(line: str, folder: Path, environment: dict[str, str]) -> str:
    """Type one line, again while a server that it visits is still starting."""
    deadline = time.monotonic() + (SECONDS if "wget" in line or " logs " in line else 0)
    while True:
        run = subprocess.run(
            line, shell=True, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        settled = run.returncode == 0 and (" logs " not in line or run.stdout.strip())
        if settled or time.monotonic() > deadline:
            assert settled, f"{line}\n{run.stderr}"
            return run.stdout.strip()
