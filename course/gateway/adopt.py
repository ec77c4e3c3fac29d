"""Comparing the ledger with the engine: what a scope has after a crash, a restart, or a lost ledger."""

from __future__ import annotations

import json
from typing import Any

from course.gateway.policy import reference
from course.gateway.policy.names import BASE_LABEL, BASE_NAMES, EngineRequest
from course.gateway.policy.reference import ENGINE_HOST
from course.gateway.policy.words import plain_name
from course.gateway.scope import Scope
from course.gateway.upstream import EngineUnavailable, Upstream


async def base_images(engine: Upstream) -> dict[str, str]:
    """The base images that the engine has now: image id by reference.

    Their names can not be written through a gateway, so a name with the label is as the course made it.
    """
    found = {}
    for image in await listing(engine, ("images", "json"), {}):
        for tag in image.get("RepoTags") or ():
            if tag.rpartition(":")[0] in BASE_NAMES and (image.get("Labels") or {}).get(BASE_LABEL):
                found[tag] = str(image["Id"])
    return found


async def reconcile(engine: Upstream, scope: Scope) -> None:
    """Make a scope's ledger equal to what the engine has for it.

    Containers, networks and volumes by the ownership labels, images by the tags that only a gateway can write.
    """
    labelled = label_filter(scope.labels())
    prefix = scope.engine_name("")
    containers = await listing(engine, ("containers", "json"), {"all": "1", "filters": labelled})
    names = {str(c["Id"]): own for c in containers for own in _own_names(c.get("Names") or (), prefix)}
    for gone in scope.containers().keys() - {str(c["Id"]) for c in containers}:
        scope.remove_container(gone)
    for engine_id in names.keys() - scope.containers().keys():
        scope.add_container(engine_id, names[engine_id])

    networks = await listing(engine, ("networks",), {"filters": labelled})
    names = {str(n["Id"]): plain_name(str(n["Name"]), scope) for n in networks}
    for gone in scope.networks().keys() - names.keys():
        scope.remove_network(gone)
    for engine_id in names.keys() - scope.networks().keys():
        scope.add_network(engine_id, names[engine_id])

    everything = {str(v["Name"]): v.get("Labels") or {} for v in await listing(engine, ("volumes",), {})}
    for gone in scope.volumes().keys() - everything.keys():
        scope.remove_volume(gone)
    for name, labels in everything.items():
        if scope.labels().items() <= labels.items() and name not in scope.volumes():
            scope.add_volume(name, name.removeprefix(prefix))
    await _reconcile_images(engine, scope)


async def _reconcile_images(engine: Upstream, scope: Scope) -> None:
    images = await listing(engine, ("images", "json"), {"all": "1"})
    present = {str(image["Id"]) for image in images}
    tags = {}
    for image in images:
        for tag in image.get("RepoTags") or ():
            if not tag.startswith(f"{ENGINE_HOST}/{scope.sid}/"):
                continue
            if own := reference.from_engine(scope.sid, tag):
                tags[own] = str(image["Id"])
            if tag == scope.hold_reference(str(image["Id"])) and str(image["Id"]) not in scope.images():
                scope.add_image(str(image["Id"]))
    for image_id in (scope.images() | frozenset(scope.tags().values())) - present:
        scope.remove_image(image_id)
    for ref in scope.tags().keys() - tags.keys():
        scope.remove_tag(ref)
    for ref, image_id in tags.items():
        if scope.tags().get(ref) != image_id:
            scope.add_tag(ref, image_id)


async def listing(engine: Upstream, parts: tuple[str, ...], query: dict[str, str]) -> list[dict[str, Any]]:
    """What an engine's list call answers, as a list.

    Raises:
        EngineUnavailable: the engine answered with an error.
    """
    answer = await engine.ask(EngineRequest("GET", parts, query))
    if not answer.ok:
        raise EngineUnavailable(answer.message or f"status {answer.status}")
    value = answer.value
    if isinstance(value, dict):  # GET /volumes wraps its list
        value = value.get("Volumes")
    return list(value or ())


def label_filter(labels: dict[str, str]) -> str:
    """The `filters` value for objects that carry all of these labels."""
    return json.dumps({"label": [f"{key}={value}" for key, value in labels.items()]})


def _own_names(names: list[str] | tuple[str, ...], prefix: str) -> list[str]:
    """The learner's names among a container's names; a linked name has a second slash."""
    bare = [name.removeprefix("/") for name in names]
    return [name.removeprefix(prefix) for name in bare if name.startswith(prefix) and "/" not in name][:1]
