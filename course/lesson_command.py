"""`course progress` and `course reset LESSON`."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated

import typer

from course.errors import CourseError

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask for confirmation.")]
Workspace = Annotated[
    Path | None, typer.Option(help="The learner's folder; SLIPWAY_WORKSPACE, the current folder, or ~/slipway.")
]


def progress(json: Json = False) -> None:
    """Show where you stand in every lesson, and what to do next."""
    from course import progress as kept
    from course.standing import summary

    if json:
        typer.echo(jsonlib.dumps({**kept.as_json(kept.read()), "next": summary().next_step}, indent=2))
    else:
        typer.echo(str(summary()))


def reset(
    lesson: Annotated[str, typer.Argument(help="The lesson's id, such as L01.")],
    yes: Yes = False,
    workspace: Workspace = None,
) -> None:
    """Restore a lesson's notebook, keep a copy of yours, and remove what the lesson created on the engine."""
    from course import manifest
    from course.engine.debian import agreed
    from course.lesson.reset import described, remove_objects
    from course.lesson.restore import restore

    chosen = manifest.load().lesson(lesson)
    folder = workspace_with(chosen.name, workspace)
    question = (
        f"Put {chosen.name} in {folder} back as it was (your files are kept as copies), "
        f"and remove the containers, images, networks and volumes that {chosen.id} made?"
    )
    if not (yes or agreed(question)):  # consent to an installation is none to this
        typer.echo("nothing was changed; `--yes` answers the question")
        raise typer.Exit(1)
    for copy in restore(chosen, folder):
        typer.echo(f"✓ kept your copy {copy.relative_to(folder)}")
    typer.echo(f"✓ {chosen.name} is as it was")
    for line in described(remove_objects(chosen.id, folder)):
        typer.echo(line)


def workspace_with(lesson_name: str, given: Path | None) -> Path:
    """The learner's folder that holds a lesson.

    Raises:
        CourseError: none of the usual places has the lesson.
    """
    from course.session.attach import workspace_of

    if given is not None:
        return given.resolve()
    places = (workspace_of(Path.cwd()), Path.home() / "slipway")
    for place in places:
        if (place / lesson_name).is_dir():
            return place
    looked = " and ".join(str(place) for place in places)
    raise CourseError(f"a folder with the lesson {lesson_name}", f"none in {looked}", "name it: --workspace FOLDER")
