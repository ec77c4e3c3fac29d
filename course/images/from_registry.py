"""Base images from a registry: Docker Hub, or the mirror that an instructor sets."""

from __future__ import annotations

import re

import docker
from docker.errors import DockerException, ImageNotFound

from course.engine.errors import translate
from course.images.adapt import FROM_REGISTRY, adapt
from course.images.errors import RateLimited, SourceFailed, SourceUnreachable
from course.images.progress import Report
from course.images.recipe import LABEL_BASE, Recipe
from course.images.settings import Settings

_RATE_WORDS = r"toomanyrequests|rate limit|429 Too Many"
_UNREACHABLE_WORDS = r"no such host|connection refused|i/o timeout|no route|network is unreachable|context deadline|TLS"


class RegistrySource:
    """Pulls the official image by digest and makes the base from it; or takes a mirror's copy of the course's own."""

    name = "registry"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def fetch(self, client: docker.DockerClient, recipe: Recipe, report: Report) -> str | None:
        """Pull, then adapt, unless what was pulled is already the course's own image."""
        reference = self.reference(recipe)
        known = _on_engine(client, reference)
        try:
            _pull(client, reference, recipe, report)
            try:
                image = client.images.get(reference)
                if image.labels.get(LABEL_BASE) == recipe.name:
                    image.tag(*recipe.candidate.rsplit(":", 1))
                else:
                    adapt(client, reference, recipe, f"{FROM_REGISTRY}{reference}", report)
            finally:
                if not known:
                    client.api.remove_image(reference)
        except DockerException as error:
            raise translate(error) from error
        return self.name

    def reference(self, recipe: Recipe) -> str:
        """The name that is pulled: the registry's host and the upstream name."""
        return f"{self._settings.registry}/{self._settings.upstream.get(recipe.name, recipe.upstream.image)}"


def _on_engine(client: docker.DockerClient, reference: str) -> bool:
    try:
        client.images.get(reference)
    except ImageNotFound:
        return False
    return True


def _pull(client: docker.DockerClient, reference: str, recipe: Recipe, report: Report) -> None:
    repository, _, tag = reference.rpartition("@" if "@" in reference else ":")
    layers: dict[str, tuple[int, int]] = {}
    try:
        for message in client.api.pull(repository, tag=tag, stream=True, decode=True):
            if "error" in message:
                raise DockerException(message["error"])
            detail = message.get("progressDetail") or {}
            if message.get("status") == "Downloading" and detail.get("total"):
                layers[message["id"]] = (detail["current"], detail["total"])
                done, total = (sum(column) for column in zip(*layers.values(), strict=True))
                report(f"pull course/{recipe.name}", done, total)
    except DockerException as error:
        raise _explained(reference, error) from error


def _explained(reference: str, error: DockerException) -> SourceFailed:
    """Say what a failed pull means for a classroom."""
    text = str(getattr(error, "explanation", None) or error)
    if re.search(_RATE_WORDS, text, re.IGNORECASE):
        return RateLimited(
            f"{reference} from the registry",
            f"the registry refuses: {text}. Docker Hub counts the downloads of an address without a login over "
            "some hours, and a whole classroom often shares one address",
            '`docker login`, or set a mirror (registry = "HOST:PORT" in images.toml, or SLIPWAY_REGISTRY), or '
            "hand round an archive: `course images save FILE` once, `course images load FILE` everywhere",
        )
    if re.search(_UNREACHABLE_WORDS, text, re.IGNORECASE):
        return SourceUnreachable(
            f"a registry that answers for {reference}",
            text,
            "connect to the network, set SLIPWAY_REGISTRY to a mirror, or use an archive: `course images load FILE`",
        )
    return SourceFailed(
        f"{reference} in the registry",
        text,
        "push that image to the mirror, or name another in the table [upstream] of images.toml",
    )
