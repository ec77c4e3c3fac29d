"""The OCI layout of an image archive, which an engine with the containerd image store reads in place of manifest.json.

Its image manifests are content-addressed (their digest is the image's id on such an engine), so they pass byte for byte
once they are known to name nothing but what was verified; index.json is rewritten.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from course.gateway.policy import wire
from course.gateway.policy.refusal import Refusal
from course.gateway.streams.image_manifest import WHAT, field_of

BLOB = re.compile(r"blobs/sha256/([0-9a-f]{64})", re.ASCII)
NAME = "io.containerd.image.name"
REF_NAME = "org.opencontainers.image.ref.name"
LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
MANIFEST_TYPES = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")


@dataclass(frozen=True)
class Manifest:
    """An image manifest that names only what is in the archive: its digest, media type and bytes."""

    digest: str
    kind: str
    blob: bytes


def manifests(
    held: Mapping[str, bytes], contents: Mapping[str, str], images: Mapping[str, tuple[str, ...]]
) -> dict[str, Manifest]:
    """The manifest of each image by the digest of its config; empty when the archive does not have all of them.

    Args:
        held: the small files of the archive, by path.
        contents: for each blob that is a layer: its digest, and the digest of its content, uncompressed.
        images: of manifest.json: for the digest of each config the digests of its layers' content.

    Raises:
        Refusal: 400 for a manifest that can be read in two ways, 403 for one that names other layers.
    """
    if "index.json" not in held or "oci-layout" not in held:
        return {}
    found: dict[str, Manifest] = {}
    for digest, kind in _descriptors(held["index.json"]):
        blob = held.get(f"blobs/sha256/{digest.removeprefix('sha256:')}")
        if blob is None or kind not in MANIFEST_TYPES:
            continue
        if f"sha256:{hashlib.sha256(blob).hexdigest()}" != digest:
            raise Refusal(WHAT, f"the blob {digest[:19]}… holds something else", status=400)
        config, layers = _manifest(blob)
        if config not in images:
            continue
        if tuple(contents.get(layer, "") for layer in layers) != images[config]:
            raise Refusal(WHAT, "its index names layers that are not in it", "Save the image again.")
        found.setdefault(config, Manifest(digest, kind, blob))
    return found if found.keys() == images.keys() else {}


def layout(named: list[tuple[Manifest, tuple[str, ...]]]) -> dict[str, bytes]:
    """The files of an OCI layout, without configs and layers.

    Args:
        named: each manifest with the engine references of its image.
    """
    files: dict[str, bytes] = {"oci-layout": LAYOUT}
    descriptors: list[dict[str, Any]] = []
    for manifest, references in named:
        files[f"blobs/sha256/{manifest.digest.removeprefix('sha256:')}"] = manifest.blob
        plain = {"mediaType": manifest.kind, "digest": manifest.digest, "size": len(manifest.blob)}
        descriptors += [
            {**plain, "annotations": {NAME: name, REF_NAME: name.rpartition(":")[2]}} for name in references
        ] or [plain]
    files["index.json"] = json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": descriptors}).encode()
    return files


def _descriptors(raw: bytes) -> list[tuple[str, str]]:
    """Digest and media type of what an index.json names."""
    try:
        named = json.loads(raw)["manifests"]
        return [(str(one["digest"]), str(one.get("mediaType", ""))) for one in named]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Refusal(WHAT, "its index.json is no index", "Save the image again.", status=400) from error


def _manifest(blob: bytes) -> tuple[str, tuple[str, ...]]:
    """The digests of config and layers that an image manifest names; a layer from elsewhere is refused."""
    value = wire.parse(blob)
    layers = field_of(value, "layers") or []
    if not isinstance(layers, list) or any(field_of(layer, "urls") for layer in layers):
        raise Refusal(WHAT, "a manifest with layers that are fetched from elsewhere", "Save the image again.")
    config = field_of(field_of(value, "config"), "digest")
    return str(config), tuple(str(field_of(layer, "digest")) for layer in layers)
