"""Tars to send, real session scopes, and an engine to send what the gateway made of them: for the tests of streams."""

from __future__ import annotations

import asyncio
import io
import json
import tarfile
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from scopes import open_scope

from course.gateway.policy import reference
from course.gateway.policy.names import BASE_NAMES
from course.gateway.scope import Scope

Entry = tarfile.TarInfo | tuple[str, bytes]
BUILD = {"rm": "1", "forcerm": "1", "version": "1", "networkmode": "none"}


async def feed(data: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    """The bytes in pieces."""
    for at in range(0, len(data), size):
        yield data[at : at + size]


async def gather(pieces: AsyncIterator[bytes]) -> bytes:
    """All pieces in one."""
    return b"".join([piece async for piece in pieces])


def pack(*entries: Entry, format: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar of (name, content) pairs and ready headers."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as archive:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                archive.addfile(entry)
            else:
                info = tarfile.TarInfo(entry[0])
                info.size = len(entry[1])
                archive.addfile(info, io.BytesIO(entry[1]))
    return buffer.getvalue()


def special(name: str, kind: bytes, link: str = "", **values: Any) -> tarfile.TarInfo:
    """A member without content."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    for key, value in values.items():
        setattr(info, key, value)
    return info


def unpack(data: bytes) -> dict[str, bytes | str]:
    """Content by name of files, link target of links, "dir" of folders."""
    found: dict[str, bytes | str] = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive.getmembers():
            content = archive.extractfile(member) if member.isreg() else None
            found[member.name] = content.read() if content else member.linkname or "dir"
    return found


def run(work: Any) -> Any:
    """Run a coroutine to its end."""
    return asyncio.run(work)


@dataclass
class Bench:
    """An engine and two sessions on it; what a test builds or loads through it is removed afterwards."""

    client: docker.DockerClient
    own: Scope
    other: Scope

    def post(self, path: str, body: bytes, **query: str) -> list[dict[str, Any]]:
        """POST a tar; the JSON documents of the answer."""
        api = self.client.api
        answer = api._post(
            api._url(path), data=body, params=query, headers={"Content-Type": "application/x-tar"}, timeout=120
        )
        return [json.loads(line) for line in answer.text.splitlines() if line.strip()]

    def build(self, body: bytes, **query: str) -> tuple[str, str]:
        """Build a tar as it is: (image id or "", the text of the output with its error)."""
        documents = self.post("/build", body, **BUILD, **query)
        ids = [one["aux"]["ID"] for one in documents if "aux" in one]
        text = "".join(one.get("stream") or one.get("error") or one.get("message") or "" for one in documents)
        failed = any("error" in one or "message" in one for one in documents)
        return ("" if failed or not ids else ids[-1]), text

    def own_image(self, scope: Scope, name: str, dockerfile: str, *files: Entry) -> str:
        """An image that a session has, under the learner's name."""

        image, text = self.build(
            pack(("Dockerfile", dockerfile.encode()), *files), t=reference.to_engine(scope.sid, name)
        )
        assert image, text
        scope.add_image(image, size=1)
        scope.add_tag(name, image)
        return image

    async def config(self, image_id: str) -> Mapping[str, Any]:
        """The Config of an image."""
        return self.client.api.inspect_image(image_id)["Config"] or {}

    def run(self, image: str, *command: str) -> str:
        """What a command prints in a container of an image."""
        return self.client.containers.run(image, list(command), remove=True, network_mode="none").decode()


def bench_on(client: docker.DockerClient, folder: Path) -> Iterator[Bench]:
    before = {image["Id"] for image in client.api.images(all=True)}
    bases = {f"{name}:latest": client.images.get(name).id for name in BASE_NAMES}
    with (
        open_scope(folder, "a00000000001", bases=bases) as own,
        open_scope(folder, "b00000000002", bases=bases) as other,
    ):
        yield Bench(client, own, other)
    remove_new_images(client, before)


def remove_new_images(client: docker.DockerClient, before: set[str]) -> None:
    """Remove the images that were not there before, children first."""
    while new := {image["Id"] for image in client.api.images(all=True)} - before:
        parents = {client.api.inspect_image(image)["Parent"] for image in new}
        for image in new - parents:
            client.api.remove_image(image, force=True, noprune=True)
