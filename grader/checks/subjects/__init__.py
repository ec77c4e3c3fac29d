"""The subjects: what a check can be about. Each method gives a lazy check; nothing is asked before it is run."""

from __future__ import annotations

from pathlib import Path

from grader.checks.subjects.container import Container
from grader.checks.subjects.containers import Containers
from grader.checks.subjects.dockerfile import Dockerfile
from grader.checks.subjects.elsewhere import Machine, Network, Registry, Volume
from grader.checks.subjects.image import Image
from grader.checks.subjects.journal import Journal
from grader.checks.subjects.submission import Submission

_here = Machine()


def image(ref: str) -> Image:
    """An image by name or id."""
    return _here.image(ref)


def container(name: str) -> Container:
    """A container by name."""
    return _here.container(name)


def containers(*names: str, image: Image | str | None = None, label: str | None = None) -> Containers:
    """Several containers: those of an image, those with these names, or those with a label."""
    return _here.containers(*names, image=image, label=label)


def dockerfile(path: str | Path, context: str | Path | None = None, starter: str | None = None) -> Dockerfile:
    """A Dockerfile, from the lesson's folder.

    Args:
        path: the file.
        context: the folder that it is built from; the file's own folder if absent.
        starter: what a learner was given, as text or as the path of a file; unchanged, nothing was attempted.
    """
    return _here.dockerfile(path, context, starter)


def network(name: str) -> Network:
    """A network by name."""
    return _here.network(name)


def volume(name: str) -> Volume:
    """A volume by name."""
    return _here.volume(name)


def registry(container: str = "registry", port: int = 5000) -> Registry:
    """A registry in a container of the learner's, by the container's name."""
    return _here.registry(container, port)


def machine(name: str) -> Machine:
    """The subjects on another machine of the learner's, such as `machine("colleague").image("app")`."""
    return Machine(name)


def submission() -> Submission:
    """The values that the learner's cells left."""
    return Submission()


def journal(machine: str = "") -> Journal:
    """What the learner did, as the engine saw it."""
    return Journal(machine)
