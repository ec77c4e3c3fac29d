"""Containers that a check starts for itself: limited, known by id, and removed at the end of the trial."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from grader.checks.check import failed
from grader.checks.found import FoundContainer, FoundImage, inspect
from grader.checks.trial import Trial

MEMORY = "256m"
PIDS = 128
NEVER_STARTED = ("-",)  # a command for containers whose files are read: some images have none of their own

# What runc and the engine say when the image is at fault, not the machine
# (moby daemon/errors.go, translateContainerdStartErr).
_IMAGE_AT_FAULT = re.compile(
    r'exec: "|exec format error|executable file not found|permission denied|chdir to cwd|unable to find (user|group)'
    r"|no matching entries in passwd|no such file or directory|not a directory|is not an absolute path",
    re.IGNORECASE,
)


def create(
    trial: Trial,
    image: FoundImage,
    command: Sequence[str] = (),
    *,
    machine: str = "",
    environment: Mapping[str, str] | None = None,
    port: int | None = None,
    volume: tuple[str, str] | None = None,
    beside: str | None = None,
) -> str:
    """Make a container without starting it; it is removed, with its anonymous volumes, at the end of the trial.

    Args:
        command: in the place of the image's own; empty for the image's own.
        port: a port inside to publish on a free port of 127.0.0.1.
        volume: a volume's name and where to mount it.
        beside: the id of a container whose network it shares.

    Returns:
        The container's id.

    Raises:
        Unmet: `run.no_command`.
    """
    from docker.errors import APIError

    api = trial.client(machine).api
    limits: dict[str, Any] = {}
    if "SLIPWAY_SESSION" not in os.environ:  # in a session the gateway sets its own limits
        limits = {"mem_limit": MEMORY, "pids_limit": PIDS}
    host = api.create_host_config(
        port_bindings={port: ("127.0.0.1", None)} if port is not None else None,
        binds={volume[0]: {"bind": volume[1], "mode": "rw"}} if volume is not None else None,
        network_mode=f"container:{beside}" if beside is not None else None,
        **limits,
    )
    try:
        made: str = api.create_container(
            image.id,
            list(command) or None,
            environment=dict(environment or {}),
            ports=[port] if port is not None else None,
            host_config=host,
        )["Id"]
    except APIError as error:
        if "no command specified" in str(error.explanation or "").lower():
            raise failed("run.no_command") from None
        raise
    trial.on_exit.callback(remove, trial, made, machine)
    return made


def start(trial: Trial, container_id: str, machine: str = "") -> None:
    """Start a container that `create` made.

    Raises:
        Unmet: `run.cannot_start`: the image names a program, folder or user that is not in it.
    """
    from docker.errors import APIError

    try:
        trial.client(machine).api.start(container_id)
    except APIError as error:
        said = str(error.explanation or error)
        if _IMAGE_AT_FAULT.search(said):
            raise failed("run.cannot_start", reason=_reason(said)) from None
        raise


def started(trial: Trial, image: FoundImage, command: Sequence[str] = (), **options: Any) -> str:
    """Create and start; see `create` and `start`."""
    made = create(trial, image, command, **options)
    start(trial, made, options.get("machine", ""))
    return made


def remove(trial: Trial, container_id: str, machine: str = "") -> None:
    """Remove a container that a check made, running or not. One that is gone already is fine."""
    from docker.errors import APIError, NotFound

    with suppress(NotFound):
        try:
            trial.client(machine).api.remove_container(container_id, v=True, force=True)
        except APIError as error:
            if error.status_code != 409:  # 409: a removal is already under way
                raise


def shelf(trial: Trial, image: FoundImage, machine: str = "") -> str:
    """A container of this image that is never started, to read files from; one for all checks of a trial."""
    key = ("shelf", machine, image.id)
    if key not in trial.memo:
        trial.memo[key] = create(trial, image, NEVER_STARTED, machine=machine)
    held: str = trial.memo[key]
    return held


def look(trial: Trial, container_id: str, machine: str = "") -> FoundContainer:
    """The present state of a container that a check made."""
    return inspect(trial, container_id, machine)


def _reason(said: str) -> str:
    """The part of runc's sentence that a reader can use: what comes after the last `caused:` or `process:`."""
    tail = re.split(r"caused: |container process: ", said)[-1]
    return tail.removesuffix(": unknown")
