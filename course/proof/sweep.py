"""Run inside the warm kernel: remember what the engine holds, and remove what an answer added.

It looks through `DOCKER_HOST`, which is the session of the kernel, so nothing outside the session can be met.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docker import DockerClient

Holdings = dict[str, list[str]]


def holdings() -> Holdings:
    """The ids of all containers, volumes and networks, and the tags and ids of all images."""
    client = _client()
    images = client.images.list()
    return {
        "containers": [container.id or "" for container in client.containers.list(all=True, ignore_removed=True)],
        "tags": [tag for image in images for tag in image.tags],
        "images": [image.id or "" for image in images],
        "volumes": [volume.name for volume in client.volumes.list()],
        "networks": [network.id or "" for network in client.networks.list()],
    }


def added(before: Holdings) -> Holdings:
    """What is there now and was not there before, by kind; only kinds with something in them."""
    now = holdings()
    news = {kind: [item for item in now[kind] if item not in set(before[kind])] for kind in now}
    return {kind: items for kind, items in news.items() if items}


def sweep(before: Holdings) -> None:
    """Remove what was added since `before`, containers first because they hold on to the rest."""
    client, news = _client(), added(before)
    removals: dict[str, Callable[[str], object]] = {
        "containers": lambda id_: client.api.remove_container(id_, force=True, v=True),
        "tags": lambda tag: client.api.remove_image(tag, force=True),
        "images": lambda id_: client.api.remove_image(id_, force=True),
        "volumes": lambda name: client.api.remove_volume(name, force=True),
        "networks": lambda id_: client.api.remove_network(id_),
    }
    for kind, remove in removals.items():
        for item in news.get(kind, ()):
            _unless_gone(remove, item)


def printed(before: str = "") -> None:
    """Print the holdings, or what was added to them, as JSON for the process that started the kernel."""
    print(json.dumps(added(json.loads(before)) if before else holdings()))


def _client() -> DockerClient:
    import docker

    return docker.from_env()


def _unless_gone(remove: Callable[[str], object], item: str) -> None:
    from docker.errors import NotFound

    with suppress(NotFound):  # an image goes with its last tag, a volume with its container
        remove(item)
