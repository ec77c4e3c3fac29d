"""From the engine's answers to the learner's: names without their prefix, no foreign object, no folder of the machine.

Containers, images and events have modules of their own; this one has networks and volumes, and gathers all of them.
"""

from __future__ import annotations

from typing import Any

from course.gateway.policy import words
from course.gateway.policy.names import Names
from course.gateway.policy.network import OPTIONS
from course.gateway.policy.translate_container import (
    container_created,
    container_inspect,
    container_list,
    exec_inspect,
    network_word,
    stats,
)
from course.gateway.policy.translate_event import event
from course.gateway.policy.translate_image import image_history, image_inspect, image_list
from course.gateway.policy.words import error, text

__all__ = [
    "container_created",
    "container_inspect",
    "container_list",
    "error",
    "event",
    "exec_inspect",
    "image_history",
    "image_inspect",
    "image_list",
    "network_inspect",
    "network_list",
    "stats",
    "text",
    "volume",
    "volume_list",
]


def network_inspect(answer: dict[str, Any], names: Names) -> dict[str, Any]:
    """One network with its own containers only; the gateway's driver options are not shown."""
    shown = dict(answer)
    shown["Name"] = network_word(answer["Id"], names)
    shown["Labels"] = words.labels(answer.get("Labels")) or {}
    shown["Options"] = {key: value for key, value in (answer.get("Options") or {}).items() if key in OPTIONS}
    if not names.policy.as_engine:
        shown["Options"] = {}
    shown["Containers"] = {
        container: {**settings, "Name": names.container_name(container)}
        for container, settings in (answer.get("Containers") or {}).items()
        if names.container_name(container) is not None
    }
    return shown


def network_list(answer: list[dict[str, Any]], names: Names) -> list[dict[str, Any]]:
    """The own networks of a list."""
    return [network_inspect(row, names) for row in answer if names.network_name(row["Id"]) is not None]


def volume(answer: dict[str, Any], names: Names) -> dict[str, Any]:
    """One volume; its folder on the machine is blank."""
    shown = dict(answer)
    shown["Name"] = names.volume_name(answer["Name"]) or words.plain_name(answer["Name"], names)
    shown["Labels"] = words.labels(answer.get("Labels")) or None
    if "Mountpoint" in shown:
        shown["Mountpoint"] = ""
    return shown


def volume_list(answer: dict[str, Any], names: Names) -> dict[str, Any]:
    """{"Volumes": own ones, "Warnings": None}."""
    rows = answer.get("Volumes") or []
    return {
        "Volumes": [volume(row, names) for row in rows if names.volume_name(row["Name"]) is not None],
        "Warnings": None,
    }
