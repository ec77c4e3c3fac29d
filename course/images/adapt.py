"""From any image that holds a base's programs to the base: read, reduced, given what every base has, in one layer.

Only the engine's API is used (create, export, load), so this works wherever the engine is. The same image gives the
same bytes.
"""

from __future__ import annotations

import io
import tarfile
import tempfile
from dataclasses import replace
from pathlib import Path

import docker
from docker.errors import DockerException
from docker.models.containers import Container

from course.engine.errors import translate
from course.images.archive import write_archive
from course.images.errors import SourceFailed
from course.images.from_archive import kept_in, send
from course.images.layer import write_layer
from course.images.progress import Report, silent
from course.images.recipe import LABEL_BASE, LABEL_ORIGIN, LABEL_PACKAGES, Recipe, bases
from course.images.source import engine_architecture

FROM_REGISTRY = "registry: "
_BUSYBOX = "usr/bin/busybox"


def adapt(client: docker.DockerClient, reference: str, recipe: Recipe, origin: str, report: Report = silent) -> None:
    """Make `recipe.candidate` from another image on the engine: an official one, or a base of another recipe.

    Args:
        client: of the engine.
        reference: that image.
        recipe: the base.
        origin: where that image came from, as the label of the base says it.
        report: told about the steps.

    Raises:
        SourceFailed: the image lacks what the base needs.
        EngineError: the engine failed.
    """
    what = f"adapt course/{recipe.name}"
    report(what, 0, 3)
    try:
        labels = client.images.get(reference).labels
        # a base that was made from packages has its files in place already
        official = labels.get(LABEL_BASE) != recipe.name or labels.get(LABEL_ORIGIN, "").startswith(FROM_REGISTRY)
        rules = _rules(recipe, official)
        with tempfile.TemporaryDirectory(prefix="slipway-image-", dir=kept_in()) as folder:
            rootfs, layer, archive = (Path(folder) / name for name in ("rootfs.tar", "layer.tar", "image.tar"))
            applets = _export(client, reference, recipe, rootfs, official)
            report(what, 1, 3)
            programs = {} if recipe.name == "busybox" else _busybox(client)
            diff_id = write_layer(rootfs, rules, layer, programs=programs, names=applets)
            report(what, 2, 3)
            own = recipe.labels(origin, labels.get(LABEL_PACKAGES, "") if not official else "")
            write_archive(archive, recipe, layer, diff_id, engine_architecture(client), own, made_from=origin)
            send(client, archive, f"load course/{recipe.name}", report)
    except (DockerException, OSError) as error:
        raise translate(error) from error
    report(what, 3, 3)


def _rules(recipe: Recipe, official: bool) -> Recipe:
    """The recipe with the files that are taken from such an image."""
    if not official:
        return replace(recipe, drop=(), keep=(), links={})
    return replace(recipe, drop=("*",), keep=recipe.upstream.keep, cut=recipe.upstream.cut, links=recipe.upstream.links)


def _export(
    client: docker.DockerClient, reference: str, recipe: Recipe, target: Path, official: bool
) -> tuple[str, ...]:
    """Write a container's files to a tar file; returns the programs that the image's busybox has."""
    prepare = recipe.upstream.prepare if official else ()
    container = client.containers.create(
        reference, entrypoint=list(prepare) or ["true"], command=[], user="0", network_mode="none",
        environment={"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    try:
        if prepare:
            _finish(container, reference, prepare)
        with target.open("wb") as file:
            for chunk in container.export():
                file.write(chunk)
    finally:
        container.remove(force=True, v=True)
    return _applets(client, reference if recipe.name == "busybox" else bases()["busybox"].image)


def _finish(container: Container, reference: str, command: tuple[str, ...]) -> None:
    container.start()
    code = container.wait(timeout=300)["StatusCode"]
    if code:
        raise SourceFailed(
            f"{command[0]} in {reference} exits with code 0",
            f"{code}: {container.logs(tail=3).decode('utf-8', 'replace').strip()}",
            "name another image in the table [upstream] of images.toml",
        )


def _applets(client: docker.DockerClient, reference: str) -> tuple[str, ...]:
    """The programs of the busybox in an image."""
    container = client.containers.create(
        reference, entrypoint=["busybox", "--list"], command=[], user="0", network_mode="none"
    )
    try:
        _finish(container, reference, ("busybox --list",))
        return tuple(container.logs(stderr=False).decode().split())
    finally:
        container.remove(force=True, v=True)


def _busybox(client: docker.DockerClient) -> dict[str, bytes]:
    """The one static program with the small Unix tools, out of course/busybox."""
    container = client.containers.create(bases()["busybox"].image, ["true"], network_mode="none")
    try:
        chunks, _ = client.api.get_archive(container.id, f"/{_BUSYBOX}")
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as packed:
            member = packed.extractfile("busybox")
            assert member is not None
            return {_BUSYBOX: member.read()}
    finally:
        container.remove(force=True, v=True)
