"""What checks are about, as names: the fields of the subjects, below the questions. `subjects/` adds the checks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from grader.checks.source import Source


@dataclass(frozen=True)
class Image:
    """An image of the learner's, by name, or the one that a Dockerfile of theirs gives.

    Args:
        ref: the name (`app`, `app:2`), or the Dockerfile's path when `built` is set.
        machine: the empty name for the learner's own machine.
        built: the Dockerfile to build for these checks; the image is removed after them.
    """

    ref: str
    machine: str = ""
    built: Source | None = None


@dataclass(frozen=True)
class Container:
    """A container of the learner's, by name.

    Args:
        name: the name that the learner gave it.
        machine: the empty name for the learner's own machine.
    """

    name: str
    machine: str = ""


@dataclass(frozen=True)
class Containers:
    """Containers of the learner's: those of one image, those with these names, or those of one image with these names.

    Args:
        names: the names; empty for all.
        image: the image behind them; None for any.
        label: a label `key` or `key=value` that they carry; None for any.
        machine: the empty name for the learner's own machine.
    """

    names: tuple[str, ...] = ()
    image: Image | None = None
    label: str | None = None
    machine: str = ""

    @property
    def words(self) -> str:
        """The group in words, for titles."""
        parts = [", ".join(self.names) or "containers"]
        if self.image is not None:
            parts.append(f"of {self.image.ref}")
        if self.label is not None:
            parts.append(f"with the label {self.label}")
        return " ".join(parts)


@dataclass(frozen=True)
class Dockerfile:
    """A Dockerfile of the learner's.

    Args:
        path: the file, from the lesson's folder.
        context: the folder that is sent to the engine; the file's own folder if absent.
        machine: the empty name for the learner's own machine.
        starter: what a learner was given, as text or the path of a file; unchanged, it is not attempted.
    """

    path: Path
    context: Path
    machine: str = ""
    starter: str | None = None

    @property
    def source(self) -> Source:
        """The file and the folder, to build from."""
        return Source(self.path, self.context, self.starter)


@dataclass(frozen=True)
class Network:
    """A network of the learner's, by name."""

    name: str
    machine: str = ""


@dataclass(frozen=True)
class Volume:
    """A volume of the learner's, by name."""

    name: str
    machine: str = ""


@dataclass(frozen=True)
class Registry:
    """A registry that runs in a container of the learner's.

    Args:
        container: the container's name.
        port: the port inside the container.
    """

    container: str
    port: int = 5000
    machine: str = ""


@dataclass(frozen=True)
class Journal:
    """What was done in the session, in order: from its journal, or from the engine's events outside of a session."""

    machine: str = ""


@dataclass(frozen=True)
class Value:
    """One value by its name. No message of its checks shows the right answer."""

    name: str
