"""Image archives on their way in (docker load): every layer is hashed, every name becomes the session's.

An engine skips the layers that it already has, by their chain of digests and without looking at the archive. So an
archive that only names the layers of another session's image would be given their content; here each layer that an
image names must be in the archive, with the digest that the image's config says. The manifest that tells the engine
what to do is written last, once all of this has been seen.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import posixpath
from collections.abc import AsyncIterator
from dataclasses import dataclass

from course.gateway.policy.limits import MIB, Limits
from course.gateway.policy.names import Names
from course.gateway.policy.refusal import Refusal
from course.gateway.streams.image_layer import Layer, LayerDigest
from course.gateway.streams.image_manifest import Entry, diff_ids, engine_references, read_manifest
from course.gateway.streams.image_oci import BLOB, layout, manifests
from course.gateway.streams.inflate import FREE, inflated
from course.gateway.streams.member import END, Member, clean_name, header, padding, shown, whole
from course.gateway.streams.source import joined
from course.gateway.streams.tar import Caps, TarReader

WHAT = "the image archive"
SMALL = 64 * 1024  # a file up to this size may be a manifest or a config, and is held
SMALL_JSON = 2 * MIB  # the same for one that begins as JSON
HELD = 32 * MIB  # bytes held of one archive
_COPIED_LINKS = 8  # links that lead to links


@dataclass(frozen=True)
class LoadedImage:
    """An image of the archive.

    Args:
        id: the digest of its config, which is its id on an engine without the containerd image store.
        manifest: the digest of its manifest, which is its id on an engine with that store; "" when the archive has
            none, and such an engine makes one.
        references: the learner's references.
        engine_references: the same on the engine, in the same order.
        size: bytes of its layers, uncompressed.
    """

    id: str
    references: tuple[str, ...]
    engine_references: tuple[str, ...]
    size: int
    manifest: str = ""


def rewrite_load(body: AsyncIterator[bytes], *, names: Names) -> LoadStream:
    """Rebuild an image archive while it passes: docker save v1.2, which newer engines still write beside an OCI layout.

    Args:
        body: the request's body: tar, or tar in gzip, bzip2 or xz.
        names: the session; its limits `image_tar`, `tar_members` and `images` are the caps.

    Raises:
        Refusal: while iterating: 400, 403 (base names, missing or false layers) or 413. The caller breaks the engine's
            request off.
    """
    return LoadStream(body, names)


class LoadStream:
    """The archive for the engine, an async iterator of bytes; `images` is filled when it has ended."""

    def __init__(self, body: AsyncIterator[bytes], names: Names) -> None:
        self.images: tuple[LoadedImage, ...] = ()
        self._names = names
        self._limits = names.policy.limits
        self._body = body
        self._held: dict[str, bytes] = {}
        self._layers: dict[str, Layer] = {}
        self._links: dict[str, str] = {}
        self._inflated = 0
        self._kept = 0  # bytes in _held

    def __repr__(self) -> str:
        return f"<LoadStream {len(self._layers)} layers sent, {len(self.images)} images>"

    def __aiter__(self) -> AsyncIterator[bytes]:
        return joined(self._rewritten())

    async def _rewritten(self) -> AsyncIterator[bytes]:
        limits: Limits = self._limits
        plain = inflated(self._body, what=WHAT, size=limits.image_tar, quota="image_tar", ratio=limits.inflate_ratio)
        reader = TarReader(plain, Caps(WHAT, limits.image_tar, limits.tar_members, "image_tar"))
        async for member in reader.members():
            async for piece in self._member(member, reader):
                yield piece
        manifest = self._held.get("manifest.json")
        if manifest is None:
            raise Refusal(WHAT, "it holds no manifest.json", "Make it with image.save() or docker save.", status=400)
        entries = read_manifest(manifest, limits.images)
        for name, content in self._finish(entries):
            yield whole(Member(name, "file"), content)
        yield END

    async def _member(self, member: Member, reader: TarReader) -> AsyncIterator[bytes]:
        name = clean_name(member.name, WHAT)
        if member.kind == "dir":
            return
        if member.kind in ("device", "fifo"):
            raise Refusal(f"{WHAT}, the member {shown(name)}", f"a {member.kind} has no place in it")
        if name in self._held or name in self._layers or name in self._links:
            raise Refusal(f"{WHAT}, the member {shown(name)}", "it is there twice", status=400)
        if member.kind in ("symlink", "hardlink"):
            folder = posixpath.dirname(name) if member.kind == "symlink" else ""
            self._links[name] = posixpath.normpath(posixpath.join(folder, member.link))
            return
        async for piece in self._file(name, member.size, reader):
            yield piece

    async def _file(self, name: str, size: int, reader: TarReader) -> AsyncIterator[bytes]:
        pieces = reader.content()
        start = await anext(pieces, b"")
        small = size <= SMALL or (size <= SMALL_JSON and start[:1] in (b"{", b"["))
        if small and self._kept + size <= HELD:
            self._kept += size
            self._held[name] = start + b"".join([piece async for piece in pieces])
            return
        sent = self._sent(name)
        digest = LayerDigest(start, self.count_inflated)
        yield header(Member(sent, "file", size))
        yield start
        async for piece in pieces:
            digest.add(piece)
            yield piece
            await asyncio.sleep(0)  # hashing takes its time; other sessions go on
        yield padding(size)
        self._layers[name] = digest.layer(sent)

    def count_inflated(self, size: int, taken: int) -> None:
        """Add the inflated bytes of a compressed layer to the archive's total."""
        self._inflated += size
        if self._inflated > self._limits.image_tar:
            quota = f"the quota image_tar, {self._limits.image_tar // MIB} MiB"
            raise Refusal(WHAT, f"its layers are larger than {quota}", status=413)
        if self._inflated > FREE + self._limits.inflate_ratio * taken:
            raise Refusal(
                WHAT,
                f"a layer inflates to more than inflate_ratio, {self._limits.inflate_ratio}, times its size",
                status=413,
            )

    def _finish(self, entries: list[Entry]) -> list[tuple[str, bytes]]:
        """The files that follow the layers: layers that were held, configs, what names them."""
        files: dict[str, bytes] = {}
        read = [self._image(entry, files) for entry in entries]
        contents = {layer.blob: layer.digest for layer in self._layers.values()}
        oci = manifests(
            self._held, contents, {image_id: tuple(layer.digest for layer in found) for image_id, found in read}
        )
        images: list[LoadedImage] = []
        for entry, (image_id, layers) in zip(entries, read, strict=True):
            manifest = oci[image_id].digest if oci else ""
            tags = engine_references(entry.tags, (image_id, manifest), self._names)
            if again := {name for one in images for name in one.references} & set(tags):
                raise Refusal(WHAT, f"two images have the name {sorted(again)[0]}", status=400)
            size = sum(layer.size for layer in layers)
            images.append(LoadedImage(image_id, tuple(tags), tuple(tags.values()), size, manifest))
        if oci:
            files |= layout([(oci[one.id], one.engine_references) for one in images])
        self.images = tuple(images)
        written = [
            {"Config": _blob(image_id), "RepoTags": one.engine_references, "Layers": [layer.sent for layer in layers]}
            for one, (image_id, layers) in zip(images, read, strict=True)
        ]
        return [*files.items(), ("manifest.json", json.dumps(written).encode())]

    def _image(self, entry: Entry, files: dict[str, bytes]) -> tuple[str, list[Layer]]:
        """The id of an image of the manifest, and its layers, verified; what is still to be sent goes to `files`."""
        config = self._held.get(self._target(entry.config))
        if config is None:
            raise Refusal(WHAT, f"the config {shown(entry.config)} is not in it", status=400)
        wanted = diff_ids(config)
        if len(wanted) != len(entry.layers):
            raise Refusal(WHAT, f"{len(wanted)} layers in a config, {len(entry.layers)} in the manifest", status=400)
        image_id = f"sha256:{hashlib.sha256(config).hexdigest()}"
        files[_blob(image_id)] = config
        return image_id, [
            self._verified(path, digest, files) for path, digest in zip(entry.layers, wanted, strict=True)
        ]

    def _verified(self, path: str, diff_id: str, files: dict[str, bytes]) -> Layer:
        """The layer at a path of the archive, once its content is known to be what the config says."""
        name = self._target(path)
        layer = self._layers.get(name)
        if layer is None and name in self._held:
            content = self._held[name]
            layer = LayerDigest(content, self.count_inflated).layer(self._sent(name))
            files[layer.sent] = content
            self._layers[name] = layer
        if layer is None:
            raise Refusal(
                WHAT,
                f"the layer {diff_id[:19]}… is not in it",
                "Save the image again; an archive must hold all its layers.",
            )
        if layer.digest != diff_id:
            raise Refusal(
                WHAT, f"a layer is {layer.digest[:19]}…, and its image says {diff_id[:19]}…", "Save it again."
            )
        return layer

    def _sent(self, name: str) -> str:
        """What a layer is called in the archive for the engine: a blob keeps its name, others get a number."""
        return name if BLOB.fullmatch(name) else f"{len(self._layers)}.tar"

    def _target(self, path: str) -> str:
        """The file that a path means, links followed (20.10 writes a layer once, and links to it)."""
        name = clean_name(path, WHAT)
        for _ in range(_COPIED_LINKS):
            if name not in self._links:
                return name
            name = clean_name(self._links[name], WHAT)
        raise Refusal(WHAT, f"{shown(path)} is a link without an end", status=400)


def _blob(digest: str) -> str:
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"
