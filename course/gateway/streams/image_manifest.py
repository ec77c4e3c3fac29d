"""manifest.json and image configs of an archive that is to be loaded (docker save, image spec v1.2)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from course.gateway.policy import reference, wire
from course.gateway.policy.fields import Pairs
from course.gateway.policy.names import Names
from course.gateway.policy.refusal import Refusal

WHAT = "the image archive"
MOST_LAYERS = 127  # overlay2's own limit
_DIFF_ID = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Entry:
    """One image of a manifest.json: paths in the archive and the names it was saved with.

    `Parent` and `LayerSources` are left out: the first would link images of others, the second lets an engine fetch.
    """

    config: str
    tags: tuple[str, ...]
    layers: tuple[str, ...]


def read_manifest(raw: bytes, most: int) -> list[Entry]:
    """Read manifest.json; what the engine is given is written from the answer.

    Args:
        raw: the file.
        most: images at most.

    Raises:
        Refusal: 400 for a manifest that is none, 413 for too many images.
    """
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _malformed("its manifest.json is not JSON") from error
    if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
        raise _malformed("its manifest.json is no list of images")
    if len(value) > most:
        raise Refusal(WHAT, f"more images than the quota images, {most}", status=413)
    return [Entry(_text(item, "Config"), _texts(item, "RepoTags"), _texts(item, "Layers")) for item in value]


def diff_ids(config: bytes) -> tuple[str, ...]:
    """The digests of the layers that an image config names.

    The config reaches the engine byte for byte, since its digest is the image's id, so it must be readable in one way
    only: Go takes field names in any case, and merges objects that are there twice.

    Raises:
        Refusal: 400.
    """
    rootfs = field_of(wire.parse(config), "rootfs")
    found = field_of(rootfs, "diff_ids")
    if found is None:
        found = []
    if not isinstance(found, list) or len(found) > MOST_LAYERS:
        raise _malformed("the rootfs of a config")
    for digest in found:
        if not isinstance(digest, str) or not _DIFF_ID.fullmatch(digest):
            raise _malformed("a diff_id of a config")
    return tuple(found)


def engine_references(tags: tuple[str, ...], ids: tuple[str, ...], names: Names) -> dict[str, str]:
    """The engine's reference for each name that an image was saved with, by the learner's as the CLI shows it.

    The name of a base image on that base image itself says nothing new, and is left out.

    Args:
        tags: the names.
        ids: what the image's id can be: the digest of its config, and of its manifest.
        names: the session.

    Raises:
        Refusal: 403 for the name of a base image on another image, or a name of the gateway's; 400 for an invalid one.
    """
    answer: dict[str, str] = {}
    for tag in tags:
        ref = reference.parse(tag)
        if ref.domain == reference.ENGINE_HOST:
            raise Refusal(f"the name {tag[:100]}", "it is reserved", "Save the image from its own session.")
        if reference.is_base(ref) and any(map(names.is_base, ids)):
            continue
        answer[reference.check_writable(ref).familiar()] = reference.to_engine(names.sid, ref)
    return answer


def field_of(value: Any, name: str) -> Any:
    """The one field of that name in any case, None when there is none.

    Raises:
        Refusal: 400 for another spelling or a second one, which Go would read too.
    """
    if not isinstance(value, Pairs):
        raise _malformed(f"an object was expected around {name}")
    found = [(key, inner) for key, inner in value if key.casefold() == name.casefold()]
    if len(found) > 1 or any(key != name for key, _ in found):
        raise _malformed(f"the field {name} in two spellings, or twice")
    return found[0][1] if found else None


def _text(item: dict[str, Any], key: str) -> str:
    value = item.get(key)
    if not isinstance(value, str) or not value:
        raise _malformed(f"its manifest.json names no {key}")
    return value


def _texts(item: dict[str, Any], key: str) -> tuple[str, ...]:
    value = item.get(key) or []
    if not isinstance(value, list) or len(value) > 256 or not all(isinstance(one, str) for one in value):
        raise _malformed(f"{key} in its manifest.json")
    return tuple(value)


def _malformed(why: str) -> Refusal:
    return Refusal(WHAT, why, "Make it with image.save() or docker save.", status=400)
