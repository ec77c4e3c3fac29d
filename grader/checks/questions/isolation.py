"""Questions about writable layers: what is written in one container is in no other, and not in the image."""

from __future__ import annotations

import secrets
from contextlib import suppress

from grader.checks.check import failed, not_attempted
from grader.checks.executing import TimeIsUp, execute
from grader.checks.finding import find_container, find_image
from grader.checks.found import FoundContainer, image_of
from grader.checks.named import Container, Containers, Image
from grader.checks.questions.files import put_text, stat
from grader.checks.questions.fleet import members
from grader.checks.starting import NEVER_STARTED, create
from grader.checks.trial import Trial


def of_image(image: Image, folder: str, trial: Trial) -> str:
    """Two containers are made; a file put into the first is looked for in the second, and in a third made after it.

    None is started: the writable layer is there from the start, and an image may have no program to run.
    """
    found = find_image(trial, image)
    one, two = (create(trial, found, NEVER_STARTED, machine=image.machine) for _ in range(2))
    path = _write(trial, one, folder, image.machine)
    later = create(trial, found, NEVER_STARTED, machine=image.machine)
    for other in (two, later):
        if stat(trial, other, path, image.machine) is not None:
            raise failed("isolation.shared_folder", one=image.ref, other="a second container", folder=folder)
    if find_image(trial, image).id != found.id:
        raise failed("isolation.image_changed", image=image.ref)
    return "absent in a second container, and in one made after the write"


def of_containers(one: Container, other: Container, folder: str, trial: Trial) -> str:
    """A file put into one is looked for in the other, then taken away."""
    writer, reader = find_container(trial, one), find_container(trial, other)
    if writer.id == reader.id:
        raise failed("isolation.same_container", one=one.name, other=other.name)
    return _isolated(trial, writer, [reader], folder, one.machine)


def of_fleet(group: Containers, folder: str, trial: Trial) -> str:
    """A file put into the first is looked for in all others, then taken away."""
    there = members(trial, group)
    if len(there) < 2:
        answer = failed if there else not_attempted
        raise answer("containers.other_number", group=group.words, seen=len(there), wanted="at least 2", all=len(there))
    return _isolated(trial, there[0], there[1:], folder, group.machine)


def _isolated(trial: Trial, writer: FoundContainer, readers: list[FoundContainer], folder: str, machine: str) -> str:
    attrs = trial.client(machine).api.inspect_image(writer.fact.image_id)
    path = _write(trial, writer.id, folder, machine)
    try:
        for reader in readers:
            if stat(trial, reader.id, path, machine) is not None:
                raise failed("isolation.shared_folder", one=writer.fact.name, other=reader.fact.name, folder=folder)
        fresh = create(trial, image_of(attrs), NEVER_STARTED, machine=machine)
        if stat(trial, fresh, path, machine) is not None:
            raise failed("isolation.image_changed", image=writer.fact.image)
    finally:
        _take_away(trial, writer, path, machine)
    return f"absent in {len(readers)} other containers and in the image"


def _write(trial: Trial, container_id: str, folder: str, machine: str) -> str:
    name = f".check-{secrets.token_hex(8)}"
    put_text(trial, container_id, folder, name, "written by a check\n", machine)
    return f"{folder.rstrip('/')}/{name}"


def _take_away(trial: Trial, container: FoundContainer, path: str, machine: str) -> None:
    """Remove the file again where the container has an `rm`; one that is stopped or has none keeps 19 bytes."""
    from docker.errors import APIError

    with suppress(APIError, TimeIsUp):
        execute(trial, container.id, ("rm", "-f", path), 5.0, machine=machine, user="0")
