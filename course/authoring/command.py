"""`course new`, and `course source text|pack`: what an author of lessons types."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="For authors: a lesson's notebook as plain text, and back.", no_args_is_help=True)


def new(name: Annotated[str, typer.Argument(help="The folder's name, such as L02-images.")]) -> None:
    """Write a new lesson that already passes every rule of `course lint`."""
    from course import manifest
    from course.authoring.new import new_lesson

    folder = new_lesson(manifest.load(), name)
    typer.echo(f"✓ wrote {folder}\nnext: add “{name}” to the lessons in course.toml, then run course lint")


@app.command()
def text(lesson: Annotated[str, typer.Argument(help="A lesson's id or folder name.")]) -> None:
    """Print the notebook of a lesson as text, a block for each cell."""
    from course import manifest, notebooks
    from course.authoring.text import to_text

    folder = _folder(manifest.notebooks_dir(), lesson)
    typer.echo(to_text(notebooks.read(folder / f"{folder.name}.ipynb").cells), nl=False)


@app.command()
def pack(
    lesson: Annotated[str, typer.Argument(help="A lesson's id or folder name.")],
    file: Annotated[Path, typer.Argument(help="The text that `course source text` printed, changed.", exists=True)],
) -> None:
    """Write the notebook of a lesson from text; cell ids, tags and nbgrader metadata follow from each cell's head."""
    import nbformat

    from course import manifest
    from course.authoring.text import from_text

    folder = _folder(manifest.notebooks_dir(), lesson)
    nbformat.write(from_text(file.read_text("utf-8")), folder / f"{folder.name}.ipynb")
    typer.echo(f"✓ wrote {folder.name}.ipynb; next: course lint {folder.name[:3]}")


def _folder(root: Path, lesson: str) -> Path:
    """The folder of a lesson, also before course.toml lists it."""
    for path in sorted(root.glob(f"{lesson.split('-')[0]}-*")):
        return path
    raise typer.BadParameter(f"no folder {lesson} in {root.name}; course new writes one")
