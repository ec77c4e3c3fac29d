"""Archives of images, in the format that `docker save` writes and every engine loads."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from course.images.errors import BadArchive
from course.images.layer import epoch
from course.images.recipe import Recipe


@dataclass(frozen=True)
class ArchivedImage:
    """One image in an archive: its names, labels and architecture, and the members that hold it."""

    tags: tuple[str, ...]
    labels: Mapping[str, str]
    architecture: str
    config: str = ""
    layers: tuple[str, ...] = ()


def write_archive(
    target: Path,
    recipe: Recipe,
    layer: Path,
    diff_id: str,
    architecture: str,
    labels: Mapping[str, str],
    made_from: str,
) -> str:
    """Write an archive of one image with one layer, named `recipe.candidate`; the same arguments give the same bytes.

    Args:
        target: the file to write.
        recipe: for the image's name, command and environment.
        layer: the layer's tar file.
        diff_id: that file's digest.
        architecture: amd64 or arm64.
        labels: the image's labels.
        made_from: what its history says it was made of.

    Returns:
        The digest of the image's configuration, which is its id on engines with the classic image store.
    """
    config = json.dumps(_config(recipe, diff_id, architecture, labels, made_from), sort_keys=True).encode()
    digest = hashlib.sha256(config).hexdigest()
    folder = diff_id.removeprefix("sha256:")
    manifest = [{"Config": f"{digest}.json", "RepoTags": [recipe.candidate], "Layers": [f"{folder}/layer.tar"]}]
    with tarfile.open(target, "w:", format=tarfile.PAX_FORMAT) as archive, layer.open("rb") as content:
        _add(archive, "manifest.json", json.dumps(manifest).encode())
        _add(archive, f"{digest}.json", config)
        _add(archive, f"{folder}/layer.tar", content, layer.stat().st_size)
    return f"sha256:{digest}"


def _config(
    recipe: Recipe, diff_id: str, architecture: str, labels: Mapping[str, str], made_from: str
) -> dict[str, Any]:
    created = datetime.fromtimestamp(epoch(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    variant = {"variant": "v8"} if architecture == "arm64" else {}
    return {
        "architecture": architecture,
        **variant,
        "os": "linux",
        "created": created,
        "config": {"Cmd": list(recipe.cmd), "Env": list(recipe.env), "Labels": dict(labels), "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        "history": [{"created": created, "created_by": f"course images build: {made_from}"}],
    }


def _add(archive: tarfile.TarFile, name: str, content: bytes | IO[bytes], size: int | None = None) -> None:
    info = tarfile.TarInfo(name)
    stream: IO[bytes] = io.BytesIO(content) if isinstance(content, bytes) else content
    stream.seek(0)
    info.size = len(content) if isinstance(content, bytes) else (size or 0)
    info.mtime, info.mode = epoch(), 0o644
    archive.addfile(info, stream)


def read_archive(path: Path) -> Sequence[ArchivedImage]:
    """Say which images an archive holds, without loading it.

    Raises:
        BadArchive: the file is missing, or is not an archive of images.
    """
    try:
        with tarfile.open(path, "r:*") as archive:
            manifest = _json(archive, "manifest.json")
            return tuple(_image(_json(archive, entry["Config"]), entry) for entry in manifest)
    except (OSError, tarfile.TarError, KeyError, TypeError, ValueError) as error:
        raise BadArchive(
            f"an archive of images at {path}",
            f"{type(error).__name__}: {error}",
            "make one with `course images save FILE` on a machine that has the images",
        ) from error


def _json(archive: tarfile.TarFile, name: str) -> Any:
    member = archive.extractfile(name)
    if member is None:
        raise ValueError(f"{name} is not a file")
    return json.loads(member.read())


def _image(config: Mapping[str, Any], entry: Mapping[str, Any]) -> ArchivedImage:
    labels = (config.get("config") or {}).get("Labels") or {}
    architecture = str(config.get("architecture", ""))
    tags, layers = tuple(entry.get("RepoTags") or ()), tuple(entry["Layers"])
    return ArchivedImage(tags, dict(labels), architecture, entry["Config"], layers)


def extract(source: Path, image: ArchivedImage, name: str, target: Path) -> None:
    """Write an archive that holds one image of another archive, under the given name and no other.

    The result is in the format that every engine loads, also where the source has the layout of a newer one.

    Raises:
        BadArchive: the source does not hold what its manifest says.
    """
    manifest = [{"Config": image.config, "RepoTags": [name], "Layers": list(image.layers)}]
    try:
        with tarfile.open(source, "r:*") as packed, tarfile.open(target, "w:", format=tarfile.PAX_FORMAT) as archive:
            _add(archive, "manifest.json", json.dumps(manifest).encode())
            for path in (image.config, *dict.fromkeys(image.layers)):
                content = packed.extractfile(path)
                if content is None:
                    raise ValueError(f"{path} is not a file")
                _add(archive, path, content, content.seek(0, io.SEEK_END))
    except (OSError, tarfile.TarError, KeyError, ValueError) as error:
        raise BadArchive(
            f"{' '.join(image.tags)} in {source}", f"{type(error).__name__}: {error}", "save the archive again"
        ) from error
