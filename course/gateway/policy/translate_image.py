"""Images, from the engine's answers to the learner's: own and base images only, under the learner's names."""

from __future__ import annotations

from typing import Any

from course.gateway.policy import reference, words
from course.gateway.policy.names import Names
from course.gateway.policy.refusal import Refusal
from course.gateway.policy.translate_container import image_word


def visible(image_id: str, names: Names) -> bool:
    """Whether a full image id is an own or a base image."""
    try:
        return bool(image_id) and names.image(image_id) == image_id
    except Refusal:
        return False


def image_inspect(answer: dict[str, Any], names: Names) -> dict[str, Any]:
    """One image with the learner's tags and digests."""
    shown = dict(answer)
    shown["RepoTags"] = list(names.image_tags(answer["Id"]))
    shown["RepoDigests"] = list(names.image_digests(answer["Id"]))
    if shown.get("Parent") and not visible(shown["Parent"], names):
        shown["Parent"] = ""
    for key in ("Config", "ContainerConfig"):
        if shown.get(key):
            config = dict(shown[key])
            config["Labels"] = words.labels(config.get("Labels"))
            config["Image"] = image_word(config.get("Image", ""), names)
            shown[key] = config
    if shown.get("GraphDriver"):
        shown["GraphDriver"] = {**shown["GraphDriver"], "Data": {}}
    return shown


def image_list(answer: list[dict[str, Any]], names: Names, *, all_images: bool = False) -> list[dict[str, Any]]:
    """The visible images of a list (own and base).

    Args:
        answer: the engine's rows.
        names: the session.
        all_images: whether intermediate images (without a name, parents of others) are shown.
    """
    rows = [row for row in answer if visible(row["Id"], names)]
    parents = {row.get("ParentId") for row in rows}
    shown = [_row(row, names) for row in rows]
    if all_images:
        return shown
    return [row for row in shown if row["RepoTags"] != [_NAMELESS] or row["Id"] not in parents]


_NAMELESS = "<none>:<none>"  # API 1.41 names a dangling image so, and docker-py 7.2 and the CLI know it


def _row(row: dict[str, Any], names: Names) -> dict[str, Any]:
    shown = dict(row)
    tags, digests = list(names.image_tags(row["Id"])), list(names.image_digests(row["Id"]))
    shown["RepoTags"] = tags or ([] if digests else [_NAMELESS])
    shown["RepoDigests"] = digests or ([] if tags else ["<none>@<none>"])
    shown["Labels"] = words.labels(row.get("Labels"))
    if shown.get("ParentId") and not visible(shown["ParentId"], names):
        shown["ParentId"] = ""
    return shown


def image_history(answer: list[dict[str, Any]], names: Names) -> list[dict[str, Any]]:
    """The layers of an image, with the learner's tags."""
    shown = []
    for layer in answer:
        row = dict(layer)
        own = [reference.from_engine(names.sid, tag) for tag in layer.get("Tags") or []]
        row["Tags"] = [tag for tag in own if tag] or None
        row["CreatedBy"] = words.text(layer.get("CreatedBy") or "", names)
        shown.append(row)
    return shown
