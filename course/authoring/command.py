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
    from course.authoring.stored import carried_over
    from course.authoring.text import from_text

    folder = _folder(manifest.notebooks_dir(), lesson)
    path = folder / f"{folder.name}.ipynb"
    packed = from_text(file.read_text("utf-8"))
    if path.exists():
        carried_over(nbformat.read(path, as_version=nbformat.NO_CONVERT), packed)
    nbformat.write(packed, path)
    typer.echo(f"✓ wrote {folder.name}.ipynb; next: course lint {folder.name[:3]}")


@app.command()
def outputs(
    lessons: Annotated[list[str] | None, typer.Argument(help="Lesson ids, such as L01; none means all.")] = None,
    engine: Annotated[
        list[str] | None, typer.Option(help="An engine to run on, as unix:///PATH; may be repeated.")
    ] = None,
) -> None:
    """Run lessons and store the outputs that are the same in every run, which nbval then compares."""
    from course import manifest
    from course.authoring.outputs import keep_outputs
    from course.authoring.stored import FEWEST

    course = manifest.load()
    for lesson in [course.lesson(id_) for id_ in lessons] if lessons else course.lessons:
        kept = keep_outputs(lesson, engine or ())
        mark = "✓" if len(kept) >= FEWEST else "✗"
        typer.echo(f"{mark} {lesson.name}: {len(kept)} outputs kept: {', '.join(kept)}")


def _folder(root: Path, lesson: str) -> Path:
    """The folder of a lesson, also before course.toml lists it."""
    for path in sorted(root.glob(f"{lesson.split('-')[0]}-*")):
        return path
    raise typer.BadParameter(f"no folder {lesson} in {root.name}; course new writes one")
