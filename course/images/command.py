"""`course images …`: the base images from the command line."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import docker
import typer
from rich.console import Console
from rich.table import Table

from course.engine import client as engine_client
from course.images import from_archive, supply
from course.images.contract import verify as verify_image
from course.images.errors import BaseImageError
from course.images.from_debian import DebianSource
from course.images.progress import Bars
from course.images.recipe import Recipe, bases
from course.images.settings import SOURCES, read_settings
from course.images.source import Source

app = typer.Typer(help="The base images: what there is, where it comes from, whether it works.", no_args_is_help=True)

Names = Annotated[list[str] | None, typer.Argument(help="Names without course/; all by default.")]
Yes = Annotated[bool, typer.Option("--yes", help="Install what a build needs without asking.")]


@app.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="For scripts: everything, with packages.")] = False,
) -> None:
    """List the base images and what is in them."""
    found = [supply.look(_client(), recipe) for recipe in bases().values()]
    if as_json:
        typer.echo(json.dumps([asdict(image) for image in found], indent=2))
        return
    table = Table(box=None, pad_edge=False)
    for title in ("image", "on the engine", "size", "from", "main packages"):
        table.add_column(title, overflow="fold")
    for image in found:
        recipe = bases()[image.name]
        state = "✗ missing" if not image.id else "✓ yes" if image.current else "✓ yes, of another recipe"
        size = f"{image.size / 1e6:.0f} MB" if image.id else ""
        main = [package for package in image.packages if package.split("=")[0] in recipe.packages]
        table.add_row(f"course/{image.name}", state, size, image.origin, "\n".join(main))
    Console().print(table)


@app.command()
def pull(
    names: Names = None,
    source: Annotated[
        list[str] | None, typer.Option(help=f"Only from here ({', '.join(SOURCES)}); may be repeated.")
    ] = None,
    anew: Annotated[bool, typer.Option(help="Replace images that already exist.")] = False,
    yes: Yes = False,
) -> None:
    """Get the base images that are missing, from the configured sources in their order."""
    settings = read_settings()
    if source:
        _known(source, SOURCES)
        settings = replace(settings, sources=tuple(source))
    _ensure(names, supply.sources_of(settings, yes, anew), yes, anew)


@app.command()
def build(names: Names = None, yes: Yes = False) -> None:
    """Build base images again from Debian or Ubuntu packages."""
    _ensure(names, [DebianSource(yes)], yes, anew=True)


@app.command()
def save(file: Annotated[Path, typer.Argument(help="The archive to write.")], names: Names = None) -> None:
    """Write the base images to an archive, for machines without a network."""
    with Bars() as report:
        from_archive.save(_client(), file, _recipes(names), report)
    typer.echo(f"✓ {file}: {file.stat().st_size / 1e6:.0f} MB; on the other machine: course images load {file.name}")


@app.command()
def load(file: Annotated[Path, typer.Argument(help="An archive made by save.")]) -> None:
    """Load the base images of an archive."""
    names = from_archive.names_in(_client(), file)
    _ensure(names, [from_archive.ArchiveSource(file)], yes=False, anew=True)


@app.command()
def verify(names: Names = None) -> None:
    """Test each base image against its contract, in a container that is removed again."""
    client, failed = _client(), 0
    for recipe in _recipes(names):
        try:
            typer.echo(f"✓ {recipe.image}: {verify_image(client, recipe).output}")
        except BaseImageError as error:
            failed += 1
            typer.echo(f"✗ {recipe.image}\n{error}")
    raise typer.Exit(1 if failed else 0)


def _ensure(names: list[str] | None, sources: list[Source], yes: bool, anew: bool = False) -> None:
    _recipes(names)
    with Bars() as report:
        images = supply.ensure(_client(), names, sources=sources, progress=report, consent=yes, anew=anew)
    for image in images:
        typer.echo(f"✓ course/{image.name}: {image.size / 1e6:.0f} MB, {image.origin}")


def _client() -> docker.DockerClient:
    return engine_client()


def _recipes(names: list[str] | None) -> list[Recipe]:
    _known(names or (), tuple(bases()))
    return [bases()[name] for name in names or bases()]


def _known(given: list[str] | tuple[str, ...], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            raise typer.BadParameter(f"{name!r} is none of {', '.join(known)}")
