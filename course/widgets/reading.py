"""What a picture shows of an engine, read with one call for each kind of object."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import docker
from docker.errors import DockerException

from course.engine.errors import EngineError, translate
from course.engine.facts import image_fact

COUNTED = 100
"""Of how many images the layers are counted; each image is asked for once, because an image never changes."""
_EXIT_CODE = re.compile(r"^Exited \((-?\d+)\)")


@dataclass(frozen=True)
class ImageRow:
    """One image. `layers` is None where they were not counted; `size` is in bytes; `digests` are "name@sha256:…"."""

    id: str
    tags: tuple[str, ...]
    layers: int | None
    size: int
    digests: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its first tag, or the start of its id."""
        return self.tags[0] if self.tags else f"image {self.id.removeprefix('sha256:')[:12]}"


@dataclass(frozen=True)
class ContainerRow:
    """One container. `status` is a word of the engine ("running"); `created` is in seconds since 1970.

    `ports` are pairs of a TCP port inside and the one outside, of a container that runs; `labels` are pairs too.
    """

    id: str
    name: str
    image_id: str
    image: str
    status: str
    exit_code: int | None
    created: int
    ports: tuple[tuple[int, int], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()

    def label(self, name: str) -> str:
        """The value of a label, "" where it has none of that name."""
        return dict(self.labels).get(name, "")


@dataclass(frozen=True)
class World:
    """The images and containers of a session at one moment; `trouble` says why they are not newer.

    `number` grows with each reading, so that whoever gets two worlds in the wrong order can tell. `touched` grows when
    something may have written into a container without a change of its state: an exec has ended, files were copied in.
    `others` grows with what happens to networks and volumes.
    """

    images: tuple[ImageRow, ...] = ()
    containers: tuple[ContainerRow, ...] = ()
    trouble: str = ""
    number: int = field(default=0, compare=False)
    touched: int = 0
    others: int = 0

    def container(self, container_id: str) -> ContainerRow | None:
        """The container with this id, None when it is gone."""
        return next((row for row in self.containers if row.id == container_id), None)


class Reader:
    """Reads worlds with one client, from any thread.

    Between two readings it keeps no connection: docker-py would keep one for each URL that it has called, up to 25.

    Args:
        client: of a session or an engine.
    """

    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client
        self._layers: dict[str, int] = {}
        self._last = World()
        self.touched = self.others = 0
        self._turn = threading.Lock()

    def read(self) -> World:
        """The world now; where the engine does not answer, the last one with the trouble in words."""
        with self._turn:
            number = self._last.number + 1
            try:
                self._last = replace(self._read(), number=number)
            except EngineError as error:
                self._last = replace(self._last, number=number, trouble=f"{error.observed}; {error.try_next}")
            finally:
                self._client.close()
            return self._last

    def _read(self) -> World:
        try:
            images, containers = self._client.api.images(), self._client.api.containers(all=True)
        except (DockerException, OSError) as error:
            raise translate(error) from error
        rows = sorted(images, key=lambda row: (not _tags(row), _tags(row), row["Id"]))
        return World(
            tuple(self._image(row, counted=number < COUNTED) for number, row in enumerate(rows)),
            tuple(sorted(map(container_row, containers), key=lambda row: (row.created, row.name))),
            touched=self.touched,
            others=self.others,
        )

    def _image(self, row: Mapping[str, Any], *, counted: bool) -> ImageRow:
        image_id = row["Id"]
        if counted and image_id not in self._layers:
            try:
                self._layers[image_id] = len(image_fact(self._client, image_id).diff_ids)
            except EngineError:
                counted = False  # removed since the list was made; the next event brings a new list
        layers = self._layers.get(image_id) if counted else None
        return ImageRow(image_id, _tags(row), layers, int(row["Size"]), tuple(sorted(row.get("RepoDigests") or ())))


def container_row(row: Mapping[str, Any]) -> ContainerRow:
    """Build a `ContainerRow` from an entry of GET /containers/json (API 1.41: the exit code is in the status text)."""
    code = _EXIT_CODE.match(row.get("Status") or "")
    return ContainerRow(
        id=row["Id"],
        name=((row.get("Names") or [""])[0]).removeprefix("/"),
        image_id=row.get("ImageID") or "",
        image=row.get("Image") or "",
        status=row.get("State") or "",
        exit_code=int(code[1]) if code else None,
        created=int(row.get("Created") or 0),
        ports=tuple(sorted(_published(row.get("Ports") or ()))),
        labels=tuple(sorted((row.get("Labels") or {}).items())),
    )


def _published(ports: Sequence[Mapping[str, Any]]) -> set[tuple[int, int]]:
    """Each port once: an engine with IPv6 names it twice."""
    return {
        (int(one["PrivatePort"]), int(one["PublicPort"]))
        for one in ports
        if one.get("PublicPort") and one.get("Type") == "tcp"
    }


def _tags(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(tag for tag in row.get("RepoTags") or () if tag != "<none>:<none>"))
