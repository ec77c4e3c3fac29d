"""Containers and execs, from the engine's answers to the learner's.

Keys stay, so that docker-py and the CLI find what they look for; values that name a folder of the machine are blank.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from course.gateway.policy import reference, words
from course.gateway.policy.names import IMAGE_LABEL, Names
from course.gateway.policy.refusal import Refusal

_HOST_PATHS = ("ResolvConfPath", "HostnamePath", "HostsPath", "LogPath")
DEFAULT = "bridge"
# of the default network, repeated one level up by engines up to 28
_REPEATED = (
    "EndpointID", "Gateway", "GlobalIPv6Address", "GlobalIPv6PrefixLen", "IPAddress", "IPPrefixLen", "IPv6Gateway",
    "MacAddress",
)  # fmt: skip


def container_inspect(answer: dict[str, Any], names: Names) -> dict[str, Any]:
    """One container, as the learner knows it."""
    shown = dict(answer)
    own_name = names.container_name(answer["Id"]) or words.plain_name(answer.get("Name", "").lstrip("/"), names)
    shown["Name"] = f"/{own_name}"
    for key in _HOST_PATHS:
        if key in shown:
            shown[key] = ""
    if shown.get("GraphDriver"):
        shown["GraphDriver"] = {**shown["GraphDriver"], "Data": {}}
    config = dict(answer.get("Config") or {})
    config["Image"] = (config.get("Labels") or {}).get(IMAGE_LABEL) or image_word(config.get("Image", ""), names)
    config["Labels"] = words.labels(config.get("Labels"))
    shown["Config"] = config
    if answer.get("HostConfig"):
        shown["HostConfig"] = _host_config(answer["HostConfig"], names)
    if "Mounts" in answer:
        shown["Mounts"] = _mounts(answer["Mounts"], names)
    if answer.get("NetworkSettings"):
        shown["NetworkSettings"] = _network_settings(answer["NetworkSettings"], own_name, names)
    if answer.get("State", {}).get("Error"):
        shown["State"] = {**answer["State"], "Error": words.text(answer["State"]["Error"], names)}
    return shown


def container_list(answer: list[dict[str, Any]], names: Names) -> list[dict[str, Any]]:
    """The own containers of a list; every other row is dropped."""
    return [_row(row, names) for row in answer if names.container_name(row["Id"]) is not None]


def _row(row: dict[str, Any], names: Names) -> dict[str, Any]:
    shown = dict(row)
    own_name = names.container_name(row["Id"]) or ""
    shown["Names"] = [f"/{own_name}"]
    shown["Image"] = _row_image(row, names)
    shown["Labels"] = words.labels(row.get("Labels")) or {}
    if "Mounts" in row:
        shown["Mounts"] = _mounts(row["Mounts"], names)
    networks = (row.get("NetworkSettings") or {}).get("Networks")
    if networks is not None:
        shown["NetworkSettings"] = {"Networks": _networks(networks, own_name, names)}
    if row.get("HostConfig"):
        mode = row["HostConfig"].get("NetworkMode", "")
        shown["HostConfig"] = {**row["HostConfig"], "NetworkMode": _mode(mode, names)}
    return shown


def _row_image(row: Mapping[str, Any], names: Names) -> str:
    """The requested name while it still refers to this image, otherwise the id, as the engine does."""
    asked, image_id = (row.get("Labels") or {}).get(IMAGE_LABEL, ""), row.get("ImageID", "")
    try:
        same = asked and names.image(asked) == image_id
    except Refusal:
        same = False
    return asked if same else image_word(row.get("Image") if asked == "" else image_id, names)


def image_word(engine: str | None, names: Names) -> str:
    """An image in an answer: an id as it is, a name as the learner's, a foreign name masked."""
    if not engine or engine.startswith("sha256:"):
        return engine or ""
    if engine.startswith(reference.ENGINE_HOST):
        return reference.from_engine(names.sid, engine) or words.MASK
    return engine


def _host_config(engine: Mapping[str, Any], names: Names) -> dict[str, Any]:
    shown = dict(engine)
    shown["NetworkMode"] = _mode(engine.get("NetworkMode", ""), names)
    if "CgroupParent" in shown:
        shown["CgroupParent"] = ""
    if engine.get("Binds"):
        shown["Binds"] = [_bind(bind, names) for bind in engine["Binds"]]
    if engine.get("Mounts"):
        shown["Mounts"] = [
            {**mount, "Source": _volume(mount["Source"], names)} if mount.get("Source") else mount
            for mount in engine["Mounts"]
        ]
    if engine.get("Links"):
        shown["Links"] = [words.text(link, names) for link in engine["Links"]]
    if engine.get("VolumesFrom"):
        shown["VolumesFrom"] = [_volumes_from(entry, names) for entry in engine["VolumesFrom"]]
    return shown


def _mode(mode: str, names: Names) -> str:
    """The session's default network is what the engine calls "default"."""
    name = network_word(mode, names)
    return "default" if name == DEFAULT else name


def network_word(engine: str, names: Names) -> str:
    """The learner's name of a network, given its engine id or name."""
    return names.network_name(engine) or words.plain_name(engine, names)


def _volume(engine: str, names: Names) -> str:
    return names.volume_name(engine) or words.plain_name(engine, names)


def _bind(bind: str, names: Names) -> str:
    source, colon, rest = bind.partition(":")
    return f"{_volume(source, names)}{colon}{rest}"


def _volumes_from(entry: str, names: Names) -> str:
    ref, colon, mode = entry.partition(":")
    return f"{names.container_name(ref) or ref}{colon}{mode}"


def _mounts(engine: list[dict[str, Any]] | None, names: Names) -> list[dict[str, Any]]:
    shown = []
    for mount in engine or []:
        row = dict(mount)
        if row.get("Name"):
            row["Name"] = _volume(row["Name"], names)
        if row.get("Source") and row.get("Type") != "bind":
            row["Source"] = ""  # a folder of the engine's
        shown.append(row)
    return shown


def _network_settings(engine: Mapping[str, Any], own_name: str, names: Names) -> dict[str, Any]:
    shown = dict(engine)
    if "SandboxKey" in shown:
        shown["SandboxKey"] = ""
    networks = _networks(engine.get("Networks") or {}, own_name, names)
    shown["Networks"] = networks
    for key in _REPEATED:
        if DEFAULT in networks and key in shown:
            shown[key] = networks[DEFAULT].get(key, shown[key])
    return shown


def _networks(engine: Mapping[str, Any], own_name: str, names: Names) -> dict[str, Any]:
    """The own networks of a container; the alias that only the gateway gave is left out."""
    shown: dict[str, Any] = {}
    for key, settings in engine.items():
        name = network_word((settings or {}).get("NetworkID") or key, names)
        if name == (settings or {}).get("NetworkID"):
            name = words.plain_name(key, names)
        row = dict(settings or {})
        for field in ("Aliases", "DNSNames"):
            if row.get(field):
                kept = [word for word in (words.plain_name(alias, names) for alias in row[field]) if word != own_name]
                row[field] = None if name == DEFAULT or not kept else kept
        if row.get("Links"):
            row["Links"] = [words.plain_name(link, names) for link in row["Links"]]
        shown[name] = row
    return shown


def container_created(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer of a create: Id and Warnings."""
    return {"Id": answer["Id"], "Warnings": answer.get("Warnings") or []}


def stats(answer: dict[str, Any], names: Names) -> dict[str, Any]:
    """One stats document (name and id)."""
    shown = dict(answer)
    if shown.get("name"):
        shown["name"] = f"/{words.plain_name(shown['name'].lstrip('/'), names)}"
    return shown


def exec_inspect(answer: dict[str, Any], names: Names) -> dict[str, Any]:
    """One exec; its container is known to be own."""
    return dict(answer)
