"""Events of the engine, as the learner's: those about own objects only.

The engine's own label filter would drop the events of networks, volumes and images.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from course.gateway.policy import reference, words
from course.gateway.policy.names import IMAGE_LABEL, Names
from course.gateway.policy.translate_container import image_word, network_word


def event(answer: dict[str, Any], names: Names) -> dict[str, Any] | None:
    """One event, or None when it is about nothing of the session."""
    actor = answer.get("Actor") or {}
    engine_id, attributes = str(actor.get("ID", "")), dict(actor.get("Attributes") or {})
    match answer.get("Type"):
        case "container" if names.container_name(engine_id) is not None:
            shown_id, shown = engine_id, _container(engine_id, attributes, names)
        case "network" if names.network_name(engine_id) is not None and _own_container(attributes, names):
            shown_id = engine_id
            shown = {**attributes, "name": network_word(engine_id, names)}
        case "volume" if names.volume_name(engine_id) is not None and _own_container(attributes, names):
            shown_id, shown = names.volume_name(engine_id) or "", attributes
        case "image":
            image = _image(engine_id, attributes, names)
            if image is None:
                return None
            shown_id, shown = image
        case _:
            return None
    document = {**answer, "Actor": {**actor, "ID": shown_id, "Attributes": words.labels(shown) or {}}}
    if "id" in document:
        document["id"] = shown_id
    if "from" in document:
        document["from"] = shown.get("image", "")
    return document


def _own_container(attributes: Mapping[str, str], names: Names) -> bool:
    """A connect or a mount names a container too; it must be own."""
    container = attributes.get("container")
    return container is None or names.container_name(container) is not None


def _container(engine_id: str, attributes: Mapping[str, str], names: Names) -> dict[str, str]:
    shown = dict(attributes)
    if "name" in shown:
        shown["name"] = words.plain_name(shown["name"], names) or names.container_name(engine_id) or ""
    if "image" in shown:
        shown["image"] = attributes.get(IMAGE_LABEL) or image_word(shown["image"], names)
    if "oldName" in shown:
        shown["oldName"] = f"/{words.plain_name(shown['oldName'].lstrip('/'), names)}"
    return shown


def _image(engine_id: str, attributes: Mapping[str, str], names: Names) -> tuple[str, dict[str, str]] | None:
    """Tag, untag and the like carry a name; it must be one of the session's own. A removal carries the id alone."""
    name = attributes.get("name", "")
    if name and not name.startswith("sha256:"):
        own = reference.from_engine(names.sid, name)
        if own is None or reference.is_base(reference.parse(own)):
            return None
        shown_id = engine_id if engine_id.startswith("sha256:") else own
        return shown_id, {**attributes, "name": own}
    if names.is_base(engine_id) or not names.image_tags(engine_id):
        return None
    return engine_id, dict(attributes)
