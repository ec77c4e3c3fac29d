"""`course session …`, `course gateway …` and `course shell`."""

from __future__ import annotations

import json as jsonlib
import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from course.gateway.client import Session

session_app = typer.Typer(help="Sessions: private, limited views of the engine.", no_args_is_help=True)
gateway_app = typer.Typer(help="The process in front of the engine.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Policy = Annotated[
    str, typer.Option("--policy", help="own, class, grading or trusted; the gateway decides without it.")
]
Name = Annotated[str | None, typer.Option("--name", help="The session's name; one is made up without it.")]
Ref = Annotated[str, typer.Argument(help="A session's name or id.")]


@session_app.command()
def run(
    command: Annotated[list[str], typer.Argument(help="What to run, after --.")],
    name: Name = None,
    policy: Policy = "",
) -> None:
    """Open a session, run a command in it, and remove all that it made. The command's exit code is passed on."""
    from course.gateway import session

    with session(policy, name) as opened:
        code = _run_in(opened, command)
    raise typer.Exit(code)


@session_app.command("open")
def open_(name: Annotated[str, typer.Argument(help="The session's name.")], policy: Policy = "") -> None:
    """Open a session that stays until `course session end`; prints what to set to be in it."""
    from course.gateway import Client, docker_config

    client = Client()
    opened = client.open(name, policy)
    own = docker_config.variables(os.environ, grading=bool(opened.checks_url))
    says = client.show(opened.id)["says"]
    typer.echo(f"session {opened.name}, policy {opened.policy}: {says}", err=True)  # what is printed is for eval
    for key, value in {**opened.environment(), **own}.items():
        typer.echo(f"export {key}={value}")


@session_app.command("list")
def list_(json: Json = False) -> None:
    """Show the open sessions."""
    from course.gateway import Client

    found = Client().sessions()
    if json:
        typer.echo(jsonlib.dumps(found, indent=2))
        return
    for facts in found:
        held = f"{facts['leases']} lease{'s' * (facts['leases'] != 1)}"
        typer.echo(f"{facts['id']}  {facts['name']:<32} {facts['policy']:<8} {_counts(facts)}, {held}")
    if not found:
        typer.echo("no session is open")


@session_app.command()
def show(
    ref: Ref,
    everything: Annotated[bool, typer.Option("--all", help="Also the calls that only looked.")] = False,
    json: Json = False,
) -> None:
    """Tell what was asked in a session, open or ended."""
    from dataclasses import asdict

    from course.gateway import journal
    from course.gateway.sentences import sentences

    calls = journal(ref)
    if json:
        for entry in calls:
            typer.echo(jsonlib.dumps(asdict(entry)))
        return
    for line in sentences(calls, everything=everything):
        typer.echo(_plain(line))


@session_app.command()
def end(ref: Ref) -> None:
    """End a session and its machines, and remove all that they made."""
    from course.gateway import Client

    removed = Client().end(ref)
    typer.echo(f"✓ session {ref} ended, {len(removed)} object{'s' * (len(removed) != 1)} removed")


@session_app.command()
def sweep(dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it, remove nothing.")] = False) -> None:
    """Remove what ended and vanished sessions left on the engine; no open session is touched."""
    from course.gateway import Client

    found = Client().sweep(dry_run=dry_run)
    for thing in found:
        typer.echo(f"{thing['session']}  {thing['kind']:<10} {_plain(thing['name'] or thing['key'])}")
    typer.echo(f"✓ {len(found)} object{'s' * (len(found) != 1)} {'would be removed' if dry_run else 'removed'}")


@gateway_app.command()
def status(json: Json = False) -> None:
    """Show the gateway of the engine, and what this machine does not let it do."""
    from course.gateway import Client

    facts = Client().status()
    if json:
        typer.echo(jsonlib.dumps(facts, indent=2))
        return
    typer.echo(f"✓ gateway {facts['pid']} of {facts['engine']}: {facts['sessions']} open, {facts['ending']} ending")
    typer.echo(f"  base images: {', '.join(facts['bases']) or 'none; `course images ensure` makes them'}")
    typer.echo(f"  firewall of grading sessions: {facts['firewall']}")
    typer.echo(f"  parent cgroup: {facts['cgroups'] or 'none'}")
    for part, why in facts["weaker"].items():
        typer.echo(f"! {part}: {why}. {_WEAKER.get(part, '')}")


@gateway_app.command()
def stop(
    end_sessions: Annotated[bool, typer.Option("--end-sessions", help="End the sessions too.")] = False,
) -> None:
    """End the gateway. Its sessions wait for the next one, which any use of a session starts."""
    from course.gateway import Client

    Client().stop(end_sessions=end_sessions)
    typer.echo("✓ the gateway is not running")


def shell() -> None:
    """Open a shell in the workspace's session; the session is the one that the notebooks there use."""
    from course.gateway import attach
    from course.session.attach import workspace_of

    with attach(workspace_of(Path.cwd())) as lease:
        which = f"session {lease.session.name} ({lease.session.policy})"
        typer.echo(f"{which}: `docker` here sees what the notebooks see; leave with `exit`")
        code = _run_in(lease.session, [os.environ.get("SHELL") or "/bin/sh"])
    raise typer.Exit(code)


_WEAKER = {
    "cgroups": "RUN steps of builds have no common process limit",
    "firewall": "grading sessions use internal networks: they cannot publish ports, and can reach the host's services",
    "engine": "the sessions wait for it",
}


def _run_in(session: Session, command: list[str]) -> int:
    """Run a command in a session; the exit code as a shell gives it. The terminal's signals are the command's."""
    from course.errors import CourseError
    from course.gateway import docker_config
    from course.gateway.client import NOT_FOR_SESSIONS

    kept = {key: value for key, value in os.environ.items() if key not in NOT_FOR_SESSIONS}
    started: list[subprocess.Popen[bytes]] = []
    asked: list[int] = []

    def end(number: int, _frame: object) -> None:
        asked.append(number)
        for process in started:
            process.terminate()

    before = signal.signal(signal.SIGINT, lambda *_: None)  # not SIG_IGN, which the command would inherit
    ending = signal.signal(signal.SIGTERM, end)  # before the command is there: its first word may bring the signal
    try:
        own = docker_config.variables(os.environ, grading=bool(session.checks_url))
        started.append(subprocess.Popen(command, env={**kept, **session.environment(), **own}))
        if asked:
            started[0].terminate()
        code = started[0].wait()
    except OSError as error:
        raise CourseError("a command that can be run", f"{command[0]}: {error.strerror}", "check its name") from error
    finally:
        signal.signal(signal.SIGTERM, ending)
        signal.signal(signal.SIGINT, before)
    return code if code >= 0 else 128 - code


def _counts(facts: dict[str, object]) -> str:
    return ", ".join(f"{facts[kind]} {kind}" for kind in ("containers", "images", "networks", "volumes"))


def _plain(text: str) -> str:
    """Text of untrusted origin for a terminal: control characters are shown, not obeyed."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)
