"""The seam between the base images and where they come from."""

from __future__ import annotations

from typing import Protocol

import docker

from course.images.progress import Report
from course.images.recipe import Recipe


class Source(Protocol):
    """A place that can give base images."""

    name: str

    def fetch(self, client: docker.DockerClient, recipe: Recipe, report: Report) -> str | None:
        """Put the image on the engine as `recipe.candidate`, with the label that says which base it is.

        Returns:
            What this machine's own archive of the image is called after; None when it came from there.

        Raises:
            SourceUnreachable: this source has nothing to give now, whichever image is asked for.
            SourceFailed: this source cannot give this image.
        """


def engine_architecture(client: docker.DockerClient) -> str:
    """The architecture of the engine's machine by Debian's name, amd64 or arm64."""
    return str(client.version()["Arch"])
