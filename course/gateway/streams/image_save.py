"""Image archives on their way out (docker save): the engine's names become the learner's.

Names stand in three files at the root: manifest.json and repositories (all engines), and index.json (25 and later, with
and without the containerd image store). Everything else is content-addressed, and passes as it is.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from course.gateway.policy import reference
from course.gateway.policy.limits import MIB
from course.gateway.streams.image_oci import NAME, REF_NAME
from course.gateway.streams.member import END, header, padding, whole
from course.gateway.streams.source import joined
from course.gateway.streams.tar import Caps, TarReader

ENGINE_CAPS = Caps(
    "the engine's image archive", 2**62, 2**31, "none"
)  # what an engine sends is not refused for its size
LARGEST = 16 * MIB
HUB = f"{reference.HUB}/"


def rewrite_save(body: AsyncIterator[bytes], *, sid: str) -> AsyncIterator[bytes]:
    """Translate the engine's tar of GET /images/get while it passes.

    Args:
        body: the engine's answer.
        sid: the session; hold tags and names of others are dropped.
    """
    return joined(_rewritten(body, sid))


async def _rewritten(body: AsyncIterator[bytes], sid: str) -> AsyncIterator[bytes]:
    reader = TarReader(body, ENGINE_CAPS)
    async for member in reader.members():
        translate = _FILES.get(member.name) if member.kind == "file" else None
        if translate is not None:
            answer = translate(json.loads(await reader.read(LARGEST)), sid)
            yield whole(member, json.dumps(answer, separators=(",", ":")).encode() + b"\n")
            continue
        yield header(member)
        async for piece in reader.content():
            yield piece
        yield padding(member.size)
    yield END


def _manifest(images: list[dict[str, Any]], sid: str) -> list[dict[str, Any]]:
    answer = []
    for image in images:
        tags = image.get("RepoTags")
        shown = [name for tag in tags or () if (name := reference.from_engine(sid, tag))]
        answer.append({**image, "RepoTags": shown or None if tags is not None else None})
    return answer


def _repositories(table: dict[str, dict[str, str]], sid: str) -> dict[str, dict[str, str]]:
    answer: dict[str, dict[str, str]] = {}
    for repository, tags in table.items():
        for tag, layer in tags.items():
            name = reference.from_engine(sid, f"{repository}:{tag}")
            if name:
                own, _, own_tag = name.rpartition(":")
                answer.setdefault(own, {})[own_tag] = layer
    return answer


def _index(index: dict[str, Any], sid: str) -> dict[str, Any]:
    """index.json: one descriptor for each name; those that lose theirs stay once, so that the image stays."""
    kept: list[dict[str, Any]] = []
    nameless: list[dict[str, Any]] = []
    for descriptor in index.get("manifests") or ():
        annotations = dict(descriptor.get("annotations") or {})
        engine_name = annotations.get(NAME)
        if engine_name is None:
            kept.append(descriptor)
            continue
        name = reference.from_engine(sid, engine_name.removeprefix(HUB))
        if name:
            annotations[NAME] = _full(name)
            if annotations.get(REF_NAME) == engine_name:
                annotations[REF_NAME] = _full(name)
            kept.append({**descriptor, "annotations": annotations})
        else:
            annotations.pop(NAME)
            annotations.pop(REF_NAME, None)
            nameless.append({**descriptor, "annotations": annotations})
    named = {descriptor.get("digest") for descriptor in kept}
    for descriptor in nameless:
        if descriptor.get("digest") not in named:
            named.add(descriptor.get("digest"))
            kept.append(descriptor)
    return {**index, "manifests": kept}


def _full(name: str) -> str:
    ref = reference.parse(name)
    tag = f":{ref.tag}" if ref.tag else ""
    return f"{ref.domain}/{ref.path}{tag}"


_FILES: dict[str, Callable[[Any, str], Any]] = {
    "manifest.json": _manifest,
    "repositories": _repositories,
    "index.json": _index,
}
