"""The `course` command: each part brings its own sub-command, and errors are three lines, never a traceback."""

from __future__ import annotations

import sys

import typer

from course.engine.command import app as engine
from course.engine.command import doctor
from course.errors import CourseError
from course.images.command import app as images
from course.lab import lab

app = typer.Typer(help="Slipway: images and containers, on a real Docker engine.", no_args_is_help=True)
app.add_typer(engine, name="engine")
app.add_typer(images, name="images")
app.command()(doctor)
app.command()(lab)


def main() -> None:
    """Run the command; exit code 1 with three lines on standard error for a failure of the course."""
    try:
        app()
    except CourseError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
