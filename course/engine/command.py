"""`course engine up|status|down` and `course doctor`."""

from __future__ import annotations

import json as jsonlib
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(help="Find, start and stop the Docker engine.", no_args_is_help=True)
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Agree to installing packages as root.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def up(yes: Yes = False) -> None:
    """Use the engine that is there, or start one, or install one (asks first)."""
    from course.engine import up as start

    endpoint = start(consent=yes)
    typer.echo(f"✓ engine {endpoint.url}, API {endpoint.api}: {endpoint.why}")


@app.command()
def status(json: Json = False) -> None:
    """Say which engine is used, and why."""
    from course.engine import find

    endpoint = find()
    facts = {"url": endpoint.url, "source": endpoint.source, "why": endpoint.why, "api": endpoint.api}
    typer.echo(jsonlib.dumps(facts) if json else f"✓ engine {endpoint.url}, API {endpoint.api}: {endpoint.why}")


@app.command()
def down() -> None:
    """Stop the engine that `up` started; any other is left alone."""
    from course.engine import down as stop

    typer.echo("✓ the engine that `course engine up` started is stopped" if stop() else "✓ nothing to stop")


def doctor(json: Json = False) -> None:
    """Check everything that a lesson needs; each line that fails names the command that fixes it."""
    from course.doctor import examine

    findings = examine()
    healthy = all(finding.ok for finding in findings if finding.needed)
    if json:
        typer.echo(jsonlib.dumps({"ok": healthy, "findings": [finding.as_json() for finding in findings]}, indent=2))
    else:
        console = Console(highlight=False)
        for finding in findings:
            console.print(finding.line, markup=False, soft_wrap=True)
    raise typer.Exit(0 if healthy else 1)
