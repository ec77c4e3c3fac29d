"""An image or a container as the engine describes it now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grader.checks.trial import Trial

if TYPE_CHECKING:
    from course.engine.facts import ContainerFact, ImageFact


@dataclass(frozen=True)
class FoundImage:
    """An image with its facts, and the engine's own words for the few that `ImageFact` does not carry."""

    fact: ImageFact
    attrs: Mapping[str, Any]

    @property
    def id(self) -> str:
        return self.fact.id

    @property
    def config(self) -> Mapping[str, Any]:
        return self.attrs.get("Config") or {}


@dataclass(frozen=True)
class FoundContainer:
    """A container with its facts, and the engine's own words for the few that `ContainerFact` does not carry."""

    fact: ContainerFact
    attrs: Mapping[str, Any]

    @property
    def id(self) -> str:
        return self.fact.id

    @property
    def config(self) -> Mapping[str, Any]:
        return self.attrs.get("Config") or {}

    @property
    def host_config(self) -> Mapping[str, Any]:
        return self.attrs.get("HostConfig") or {}


def image_of(attrs: Mapping[str, Any]) -> FoundImage:
    """Read the facts of an image from the engine's answer."""
    from course.engine.facts import image_from

    return FoundImage(image_from(attrs, ()), attrs)


def inspect(trial: Trial, ref: str, machine: str = "") -> FoundContainer:
    """A container by name or id.

    Raises:
        docker.errors.NotFound: there is none.
    """
    from course.engine.facts import container_from

    attrs = trial.client(machine).api.inspect_container(ref)
    return FoundContainer(container_from(attrs), attrs)
