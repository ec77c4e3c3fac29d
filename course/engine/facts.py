"""Facts about images, layers and containers, read alike from every engine with API 1.41 or newer.

Where the API moved between versions (fields dropped in 1.44 and later, see Docker's "Engine API version history"),
only what every version has is read: ancestry from `RootFS.Layers`, addresses from `NetworkSettings.Networks` and
published ports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import docker
from docker.errors import DockerException

from course.engine.errors import translate


@dataclass(frozen=True)
class LayerFact:
    """One layer, or one instruction without a layer.

    Args:
        diff_id: digest of the uncompressed layer ("sha256:…"); None for an instruction that changed no files.
        instruction: what made it, as the engine's history says ("" when unknown).
        size: bytes that it adds.
    """

    diff_id: str | None
    instruction: str
    size: int


@dataclass(frozen=True)
class ImageFact:
    """What an engine says about an image. `layers` is in order of build; commands are tuples of words."""

    id: str
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    layers: tuple[LayerFact, ...]
    size: int
    architecture: str
    command: tuple[str, ...]
    entrypoint: tuple[str, ...]
    environment: Mapping[str, str]
    exposed_ports: tuple[str, ...]
    user: str
    working_dir: str
    labels: Mapping[str, str]
    volumes: tuple[str, ...]

    @property
    def diff_ids(self) -> tuple[str, ...]:
        """The digests of its file layers, in order: the image's ancestry."""
        return tuple(layer.diff_id for layer in self.layers if layer.diff_id)


@dataclass(frozen=True)
class ContainerFact:
    """What an engine says about a container.

    `status` is "created", "running", "paused", "restarting", "removing", "exited" or "dead". `ports` maps "80/tcp"
    to the published "address:port" pairs; `addresses` maps a network's name to the container's address there.
    """

    id: str
    name: str
    image_id: str
    image: str
    status: str
    exit_code: int | None
    out_of_memory: bool
    error: str
    health: str | None
    started_at: str
    finished_at: str
    restart_count: int
    command: tuple[str, ...]
    ports: Mapping[str, tuple[str, ...]]
    addresses: Mapping[str, str]
    labels: Mapping[str, str]

    @property
    def running(self) -> bool:
        """Whether its process lives (a paused one does)."""
        return self.status in ("running", "paused", "restarting")


def image_fact(client: docker.DockerClient, ref: str) -> ImageFact:
    """Read an image.

    Args:
        client: of an engine or a session.
        ref: a reference, id or id prefix.

    Raises:
        EngineError: `ImageMissing` where there is none, or another of the tree.
    """
    try:
        attrs = client.api.inspect_image(ref)
        history = client.api.history(ref)
    except (DockerException, OSError) as error:
        raise translate(error) from error
    return image_from(attrs, history)


def container_fact(client: docker.DockerClient, ref: str) -> ContainerFact:
    """Read a container by name, id or id prefix.

    Raises:
        EngineError: where there is none, or the engine does not answer.
    """
    try:
        return container_from(client.api.inspect_container(ref))
    except (DockerException, OSError) as error:
        raise translate(error) from error


def descends_from(image: ImageFact, base: ImageFact) -> bool:
    """Whether `image` was built on `base`: its layers begin with all of the base's."""
    return bool(base.diff_ids) and image.diff_ids[: len(base.diff_ids)] == base.diff_ids


def image_from(attrs: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> ImageFact:
    """Build an `ImageFact` from the JSON of GET /images/{name}/json and /history."""
    config = attrs.get("Config") or {}
    return ImageFact(
        id=attrs["Id"],
        tags=tuple(attrs.get("RepoTags") or ()),
        digests=tuple(attrs.get("RepoDigests") or ()),
        layers=_layers((attrs.get("RootFS") or {}).get("Layers") or (), history),
        size=int(attrs.get("Size") or 0),
        architecture=attrs.get("Architecture") or "",
        command=tuple(config.get("Cmd") or ()),
        entrypoint=tuple(config.get("Entrypoint") or ()),
        environment=_pairs(config.get("Env") or ()),
        exposed_ports=tuple(sorted(config.get("ExposedPorts") or ())),
        user=config.get("User") or "",
        working_dir=config.get("WorkingDir") or "",
        labels=dict(config.get("Labels") or {}),
        volumes=tuple(sorted(config.get("Volumes") or ())),
    )


def container_from(attrs: Mapping[str, Any]) -> ContainerFact:
    """Build a `ContainerFact` from the JSON of GET /containers/{id}/json."""
    state, config = attrs.get("State") or {}, attrs.get("Config") or {}
    network = attrs.get("NetworkSettings") or {}
    status = state.get("Status") or ""
    ended = status in ("exited", "dead")
    return ContainerFact(
        id=attrs["Id"],
        name=(attrs.get("Name") or "").removeprefix("/"),
        image_id=attrs.get("Image") or "",
        image=config.get("Image") or "",
        status=status,
        exit_code=state.get("ExitCode") if ended else None,
        out_of_memory=bool(state.get("OOMKilled")),
        error=state.get("Error") or "",
        health=(state.get("Health") or {}).get("Status"),
        started_at=state.get("StartedAt") or "",
        finished_at=state.get("FinishedAt") or "",
        restart_count=int(attrs.get("RestartCount") or 0),
        command=tuple([attrs.get("Path") or "", *(attrs.get("Args") or ())]),
        ports={
            port: tuple(f"{b['HostIp']}:{b['HostPort']}" for b in bindings)
            for port, bindings in (network.get("Ports") or {}).items()
            if bindings
        },
        addresses={
            name: end["IPAddress"]
            for name, end in (network.get("Networks") or {}).items()
            if (end or {}).get("IPAddress")
        },
        labels=dict(config.get("Labels") or {}),
    )


def _layers(diff_ids: Sequence[str], history: Sequence[Mapping[str, Any]]) -> tuple[LayerFact, ...]:
    """Join the layers to the instructions that made them.

    GET /history lists the newest first and does not mark the instructions that made no layer (the image's own config
    does, but no endpoint shows it: see `course.engine.made_layers`). An entry with a size has a layer; of the empty
    ones, the oldest take what layers are left over, because a COPY of an empty file makes a layer of no bytes.
    """
    entries = list(reversed(history))
    spare = len(diff_ids) - sum(1 for entry in entries if entry.get("Size"))
    remaining, facts = list(diff_ids), []
    for entry in entries:
        size, by = int(entry.get("Size") or 0), str(entry.get("CreatedBy") or "")
        takes = bool(size) or (spare > 0 and not _metadata_only(by))
        spare -= takes and not size
        facts.append(LayerFact(remaining.pop(0) if takes and remaining else None, by, size))
    facts.extend(LayerFact(diff_id, "", 0) for diff_id in remaining)  # an image whose history was lost
    return tuple(facts)


_METADATA = (
    "CMD",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "LABEL",
    "USER",
    "STOPSIGNAL",
    "HEALTHCHECK",
    "VOLUME",
    "ONBUILD",
    "SHELL",
)


def is_guessed(layers: Sequence[LayerFact]) -> bool:
    """Whether the history alone doesn't tell which of the instructions without a size made a layer."""
    open_ones = [one for one in layers if not one.size and one.instruction and not _metadata_only(one.instruction)]
    return len({one.diff_id is None for one in open_ones}) == 2


def _metadata_only(created_by: str) -> bool:
    """Whether an instruction changes no files; the classic builder writes `/bin/sh -c #(nop)  CMD …`."""
    return created_by.removeprefix("/bin/sh -c #(nop)").strip().startswith((*_METADATA, "ARG", "MAINTAINER"))


def _pairs(environment: Sequence[str]) -> dict[str, str]:
    return dict(entry.partition("=")[::2] for entry in environment)
