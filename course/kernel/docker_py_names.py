"""What docker-py calls its things, read from docker-py itself: what belongs where, what is a value, what is called."""

from __future__ import annotations

from types import ModuleType
from typing import Any

MODELS = ("container", "image", "network", "volume")
SAME = {
    "delete": "remove", "rm": "remove", "rmi": "remove", "all": "list", "ls": "list", "ps": "list", "find": "get",
    "inspect": "attrs", "cp": "put_archive",
}  # fmt: skip
"""Names that are given to what docker-py calls otherwise, by other libraries and by the docker command."""


def values_and_methods() -> tuple[set[str], set[str]]:
    """What of docker-py's containers, images, networks and volumes is a value, and what is called."""
    values, methods = {"attrs"}, set[str]()
    for kind in (kinds()[one] for one in MODELS):
        for name in names_of(kind) - {"attrs"}:
            (methods if callable(getattr(kind, name)) else values).add(name)
    return values, methods


def kinds() -> dict[str, type]:
    """What a learner holds of docker-py, by how it is written."""
    from docker import DockerClient
    from docker.models import containers, images, networks, volumes

    return {
        "client": DockerClient,
        "client.containers": containers.ContainerCollection,
        "client.images": images.ImageCollection,
        "client.networks": networks.NetworkCollection,
        "client.volumes": volumes.VolumeCollection,
        "container": containers.Container,
        "image": images.Image,
        "network": networks.Network,
        "volume": volumes.Volume,
    }


def names_of(kind: type) -> set[str]:
    """The public names of a class of docker-py; `id` and `attrs` of a model are its own."""
    own = {name for name in dir(kind) if not name.startswith("_")} - {"client", "collection", "model", "prepare_model"}
    return own | ({"attrs"} if hasattr(kind, "id_attribute") else set())


def path_of(held: Any) -> str:
    """How a learner writes an object of docker-py; "" for anything else."""
    if isinstance(held, ModuleType):
        return "docker" if held.__name__ == "docker" else ""
    return next((path for path, kind in kinds().items() if isinstance(held, kind)), "")
