"""Base images from a registry: Docker Hub, or the mirror that an instructor sets."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterable, Mapping
from typing import Any

import docker
from docker.errors import DockerException, ImageNotFound

from course.engine.errors import translate
from course.images.errors import RateLimited, SourceFailed, SourceUnreachable
from course.images.progress import Report
from course.images.recipe import LABEL_BASE, Recipe
from course.images.settings import Settings

_RATE_WORDS = r"toomanyrequests|rate limit|429 Too Many"
_UNREACHABLE_WORDS = r"no such host|connection refused|i/o timeout|no route|network is unreachable|context deadline|TLS"


class RegistrySource:
    """Pulls the upstream image by digest, and gives it what every base image has; or takes a mirror's copy of ours."""

    name = "registry"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def fetch(self, client: docker.DockerClient, recipe: Recipe, report: Report) -> None:
        """Pull, then adapt, unless what was pulled is already the course's own image."""
        reference = self.reference(recipe)
        known = _on_engine(client, reference)
        try:
            _pull(client, reference, recipe, report)
            image = client.images.get(reference)
            if image.labels.get(LABEL_BASE) == recipe.name:
                image.tag(*recipe.image.rsplit(":", 1))
            else:
                _adapt(client, reference, recipe, report)
            if not known:
                client.api.remove_image(reference, noprune=True)  # the name only; the layers are course/<name>'s
        except DockerException as error:
            raise translate(error) from error

    def reference(self, recipe: Recipe) -> str:
        """The name that is pulled: the registry's host and the upstream name."""
        return f"{self._settings.registry}/{self._settings.upstream.get(recipe.name, recipe.upstream)}"


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


def _adapt(client: docker.DockerClient, reference: str, recipe: Recipe, report: Report) -> None:
    """Build course/<name> on top of the upstream image: our label, user, command and files."""
    report(f"adapt course/{recipe.name}", 0, 1)
    context = _context(recipe, _dockerfile(reference, recipe))
    messages: Iterable[Mapping[str, Any]] = client.api.build(
        fileobj=context, custom_context=True, tag=recipe.image, rm=True, forcerm=True, decode=True, network_mode="none"
    )
    for message in messages:
        if "error" in message:
            raise SourceFailed(
                f"{reference} with the course's user and label",
                str(message["error"]),
                "name another image in the table [upstream] of images.toml; it needs a shell",
            )
    report(f"adapt course/{recipe.name}", 1, 1)


def _dockerfile(reference: str, recipe: Recipe) -> str:
    labels = recipe.labels(f"registry: {reference}")
    user = (
        "if ! grep -q '^app:' /etc/passwd; then sed -i '/^[^:]*:[^:]*:1000:/d' /etc/passwd /etc/group; "
        "echo 'app:x:1000:1000:app:/home/app:/bin/sh' >> /etc/passwd; echo 'app:x:1000:' >> /etc/group; fi; "
        "mkdir -p /home/app /tmp; chown 1000:1000 /home/app; chmod 1777 /tmp"
    )
    setup = " && ".join(part for part in (f"{{ {user}; }}", recipe.upstream_setup) if part)
    own_files = [path for path in recipe.files if path not in ("etc/passwd", "etc/group", "etc/nsswitch.conf")]
    lines = [
        f"FROM {reference}",
        "USER root",
        *(f"COPY {json.dumps([path, f'/{path}'])}" for path in own_files),
        f"RUN {setup}",
        *(
            f"ENV {name}={json.dumps(value)}"
            for name, _, value in (e.partition("=") for e in recipe.env if "PATH=" not in e)
        ),
        *(f"LABEL {name}={json.dumps(value)}" for name, value in labels.items()),
        "ENTRYPOINT []",
        "WORKDIR /",
        f"CMD {json.dumps(list(recipe.cmd))}",
    ]
    return "\n".join(lines) + "\n"


def _context(recipe: Recipe, dockerfile: str) -> io.BytesIO:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as context:
        for path, text in {"Dockerfile": dockerfile, **recipe.files}.items():
            info = tarfile.TarInfo(path)
            info.size = len(text.encode())
            context.addfile(info, io.BytesIO(text.encode()))
    packed.seek(0)
    return packed
