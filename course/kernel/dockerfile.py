"""What `%%dockerfile` does: write the file, build the image, show each instruction, and raise if it fails.

A Dockerfile that nobody has written yet is no build that failed: a lesson runs from top to bottom before it is solved.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from course.engine.advice import lint
from course.engine.build import BuildDone, StepOutput, build
from course.engine.instructions import instructions_of
from course.errors import CourseError
from course.kernel.build_view import BuildView
from course.kernel.last_builds import last_build, remember

if TYPE_CHECKING:
    from docker import DockerClient

OUTPUT_SECONDS = 0.1
"""How often, at most, the view is redrawn for a line of output."""


class Screen(Protocol):
    """Where a view is shown; IPython's display handle is one."""

    def update(self, obj: Any) -> object: ...


def context_of(name: str, folder: Path) -> Path:
    """The build context of an image: the folder that has its name, else the current one.

    So `%%dockerfile shop:1` writes `shop/Dockerfile` where there is a folder `shop`, and two images of a lesson do not
    write over each other's files.
    """
    named = folder / name.rpartition("/")[2].partition(":")[0]
    return named if named.is_dir() else folder


def build_dockerfile(
    text: str,
    name: str,
    *,
    tags: Sequence[str] = (),
    file: str = "Dockerfile",
    context: Path | None = None,
    nocache: bool = False,
    buildargs: Mapping[str, str] | None = None,
    client: DockerClient | None = None,
    screen: Screen | None = None,
) -> BuildDone | None:
    """Write a Dockerfile and build it; one without instructions is written and reported as not attempted.

    Args:
        text: the Dockerfile.
        name: the image's name, such as `shop` or `shop:1`.
        tags: further names for the same image.
        file: where to write it, relative to the context.
        context: the folder whose files it may copy; None takes `context_of(name, current folder)`.
        nocache: run every instruction.
        buildargs: values for ARG instructions.
        client: the engine; None uses `docker.from_env()`.
        screen: is given the `BuildView` after each event, the last time with `ended` set; None shows nothing.

    Returns:
        The image that was built; None if the text holds no instruction.

    Raises:
        BuildFailed: with the instruction, its line, and the last output.
        CourseError: the file would lie outside the build context, or the context is not a folder.
    """
    folder = (context or context_of(name, Path.cwd())).resolve()
    _write(text, folder, file)
    planned = [instruction.text for instruction in instructions_of(text)]
    view = BuildView(name, text.splitlines(), planned, last_build(name))

    def show() -> None:
        if screen is not None:
            screen.update(view)

    if is_unwritten(text):
        view.not_attempted()
        show()
        return None
    events = build(folder, [name, *tags], dockerfile=file, nocache=nocache, buildargs=buildargs, client=client)
    done: BuildDone | None = None
    shown = 0.0
    show()
    try:
        with closing(events):
            for event in view.following(events):
                if not isinstance(event, StepOutput) or time.monotonic() > shown + OUTPUT_SECONDS:
                    show()
                    shown = time.monotonic()
                done = event if isinstance(event, BuildDone) else done
    except KeyboardInterrupt:
        view.interrupted()
        raise
    finally:
        remember(name, view.carried_out())
        view.end(lint(text))
        show()
    assert done is not None, "build() ends with BuildDone or raises"
    return done


def is_unwritten(text: str) -> bool:
    """Whether a Dockerfile holds no instruction: nothing, or only empty lines and comments, as a starter does."""
    return all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines())


def _write(text: str, folder: Path, file: str) -> None:
    path = (folder / file).resolve()
    if not folder.is_dir():
        raise CourseError("a folder to build from", f"{folder.name} is not a folder", "make it, or correct --context")
    if not path.is_relative_to(folder):
        raise CourseError("a Dockerfile inside the build context", f"--file {file}", "choose a path in that folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
