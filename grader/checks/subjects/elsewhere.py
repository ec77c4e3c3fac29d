"""What can be asked about networks, volumes, registries, and a second machine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from grader.checks import named
from grader.checks.check import Check
from grader.checks.questions import networks, registries, volumes
from grader.checks.subjects.container import Container
from grader.checks.subjects.containers import Containers
from grader.checks.subjects.dockerfile import Dockerfile
from grader.checks.subjects.image import Image
from grader.checks.subjects.naming import ask
from grader.checks.text import Wanted


class Network(named.Network):
    """A network of the learner's, by name."""

    def exists(self) -> Check:
        """There is a network of this name."""
        return ask("network.exists", partial(networks.exists, self), network=self.name)

    def connects(self, *containers: str) -> Check:
        """These running containers are attached to it."""
        return ask(
            "network.connects",
            partial(networks.connects, self, containers),
            network=self.name,
            containers=", ".join(containers),
        )

    def removed(self) -> Check:
        """There was a network of this name, and it is gone."""
        return ask("network.removed", partial(networks.removed, self), network=self.name)


class Volume(named.Volume):
    """A volume of the learner's, by name."""

    def exists(self) -> Check:
        """There is a volume of this name."""
        return ask("volume.exists", partial(volumes.exists, self), volume=self.name)

    def holds(self, path: str, contains: Wanted | None = None) -> Check:
        """A file is in the volume (path from its top), with this text where one is given. No container need be left."""
        return ask("volume.holds", partial(volumes.holds, self, path, contains), volume=self.name, path=path)

    def outlives(self, container: str) -> Check:
        """The container that used it is gone, and the volume is still there."""
        return ask("volume.outlives", partial(volumes.outlives, self, container), volume=self.name, container=container)

    def removed(self) -> Check:
        """There was a volume of this name, and it is gone."""
        return ask("volume.removed", partial(volumes.removed, self), volume=self.name)


class Registry(named.Registry):
    """A registry that runs in a container of the learner's."""

    def answers(self, within: float = 20.0) -> Check:
        """It answers as a registry does."""
        return ask("registry.answers", partial(registries.answers, self, within), container=self.container)

    def holds(self, repository: str, tag: str = "latest", same_as: Image | str | None = None) -> Check:
        """It holds this repository under this tag; with the content of this image, where one is given."""
        wanted = Image(same_as, self.machine) if isinstance(same_as, str) else same_as
        question = partial(registries.holds, self, repository, tag, wanted)
        return ask("registry.holds", question, container=self.container, repository=f"{repository}:{tag}")


@dataclass(frozen=True)
class Machine:
    """A machine: the subjects as they are there. The empty name is the learner's own."""

    name: str = ""

    def image(self, ref: str) -> Image:
        """An image on this machine, by name or id."""
        return Image(ref, self.name)

    def container(self, name: str) -> Container:
        """A container on this machine, by name."""
        return Container(name, self.name)

    def containers(self, *names: str, image: Image | str | None = None, label: str | None = None) -> Containers:
        """Several containers on this machine."""
        behind = Image(image, self.name) if isinstance(image, str) else image
        return Containers(names, behind, label, self.name)

    def dockerfile(self, path: str | Path, context: str | Path | None = None, starter: str | None = None) -> Dockerfile:
        """A Dockerfile of the lesson's folder, built on this machine."""
        file = Path(path)
        return Dockerfile(file, Path(context) if context is not None else file.parent, self.name, starter)

    def network(self, name: str) -> Network:
        """A network on this machine, by name."""
        return Network(name, self.name)

    def volume(self, name: str) -> Volume:
        """A volume on this machine, by name."""
        return Volume(name, self.name)

    def registry(self, container: str = "registry", port: int = 5000) -> Registry:
        """A registry in a container on this machine."""
        return Registry(container, port, self.name)
