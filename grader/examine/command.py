"""`grader doctor`."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def doctor(as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False) -> None:
    """Say how isolated grading is on this machine, and what would make it stronger.

    Exit code 1 where untrusted work cannot be graded.
    """
    from grader.examine.doctor import examine, is_isolated
    from grader.examine.walls import walls

    findings = examine()
    if as_json:
        typer.echo(json.dumps([finding.as_json() for finding in findings], indent=2))
    else:
        for finding in findings:
            typer.echo(finding.line)
        typer.echo("\nThe walls, as SECURITY.md describes them:")
        for wall in walls(findings):
            typer.echo(wall.line)
        typer.echo(_verdict(is_isolated(findings)))
    raise typer.Exit(0 if is_isolated(findings) else 1)


def _verdict(isolated: bool) -> str:
    if isolated:
        return "Work of people whom you do not know can be graded here."
    return (
        "Only work that you trust can be graded here, with --trust-submissions. Without a sandbox learners' cells run\n"
        "as your own programs: they can read your files, the hidden tests and the gradebook among them, and give\n"
        "themselves marks. Without a firewall their containers reach this machine and what it reaches."
    )
