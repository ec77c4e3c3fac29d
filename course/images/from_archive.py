"""Base images out of archives: what a classroom without internet hands round, and this machine's own copies."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import docker
from docker.errors import DockerException

from course.engine.errors import translate
from course.images.archive import ArchivedImage, extract, read_archive
from course.images.errors import BadArchive, SourceFailed
from course.images.progress import Report, silent
from course.images.recipe import LABEL_BASE, Recipe, bases
from course.images.source import engine_architecture
from course.paths import state_dir

_CHUNK = 1 << 20


def kept_in() -> Path:
    """The folder of this machine's own archives."""
    folder = state_dir() / "images"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def own_archive(recipe: Recipe, architecture: str, source: str) -> Path:
    """Where this machine keeps its own archive of an image; a changed recipe and another source have other files."""
    return kept_in() / f"{recipe.name}-{architecture}-{recipe.key}-{source}.tar"


class ArchiveSource:
    """The archive that the instructor names, then this machine's own.

    Args:
        given: the instructor's archive, or None.
        kept: the sources whose images this machine may have kept and may use again.
    """

    name = "archive"

    def __init__(self, given: Path | None = None, kept: Sequence[str] = ()) -> None:
        self._given, self._kept = given, tuple(kept)

    def fetch(self, client: docker.DockerClient, recipe: Recipe, report: Report) -> str | None:
        """Load the image from the first archive that holds it for this engine's architecture."""
        architecture = engine_architecture(client)
        if self._given and (image := _contents(self._given, architecture).get(recipe.name)):
            _load(client, self._given, image, recipe, report)
            return self.name
        for source in self._kept:
            own = own_archive(recipe, architecture, source)
            if own.exists() and (image := _contents(own, architecture).get(recipe.name)):
                _load(client, own, image, recipe, report)
                return None
        raise SourceFailed(
            f"{recipe.image} for {architecture} in an archive",
            f"not in {self._given}"
            if self._given
            else "no archive is configured, and this machine has none of its own",
            "`course images load FILE` with a file that `course images save FILE` wrote on another machine",
        )


def names_in(client: docker.DockerClient, path: Path) -> list[str]:
    """The base images (without `course/`) that an archive holds for this engine's architecture.

    Raises:
        BadArchive: no archive of base images, for another architecture, or with other images in it.
    """
    architecture = engine_architecture(client)
    names = list(_contents(path, architecture))
    if not names:
        raise BadArchive(
            f"base images for {architecture} in {path}",
            "there are none",
            "ask for an archive that was saved on a machine of the same architecture",
        )
    return names


def _load(client: docker.DockerClient, path: Path, image: ArchivedImage, recipe: Recipe, report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="slipway-image-", dir=kept_in()) as folder:
        part = Path(folder) / path.name.removesuffix(".gz")
        extract(path, image, recipe.candidate, part)
        send(client, part, f"load course/{recipe.name}", report)


def send(client: docker.DockerClient, path: Path, what: str, report: Report = silent) -> None:
    """Load an archive into the engine as it is.

    Args:
        client: of the engine.
        path: the archive.
        what: how the report calls it.
        report: told about bytes sent.

    Raises:
        EngineError: the engine refused it.
    """
    try:
        with path.open("rb") as file:
            content = _Counted(file, what, path.stat().st_size, report)
            for message in client.api.load_image(content, quiet=False) or ():
                if "error" in message:
                    raise DockerException(message["error"])
    except (DockerException, OSError) as error:
        raise translate(error) from error


def _contents(path: Path, architecture: str) -> dict[str, ArchivedImage]:
    """The base images in an archive that fit the architecture, by name."""
    known = {recipe.image: recipe.name for recipe in bases().values()}
    found = {}
    for image in read_archive(path):
        for tag in image.tags:
            if tag not in known or image.labels.get(LABEL_BASE) != known[tag]:
                raise BadArchive(
                    "an archive of base images and nothing else",
                    f"{path} holds {tag}",
                    "make one with `course images save FILE`; other images are for `docker load`",
                )
            if image.architecture == architecture:
                found[known[tag]] = image
    return found


class _Counted:
    """A file that reports how much of it was read."""

    def __init__(self, file: IO[bytes], what: str, size: int, report: Report) -> None:
        self._file, self._what, self._size, self._report = file, what, size, report
        self._sent = 0

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self._file.read(_CHUNK):
            self._sent += len(chunk)
            self._report(self._what, self._sent, self._size)
            yield chunk


def save(client: docker.DockerClient, path: Path, recipes: list[Recipe], report: Report = silent) -> None:
    """Write an archive of base images that are on the engine; layers that they share are written once.

    Args:
        client: of the engine.
        path: the file to write; it appears only when it is complete.
        recipes: which images.
        report: told about bytes written (their number is not known beforehand).

    Raises:
        ImageMissing: one of them is not on the engine.
        EngineError: the engine failed.
    """
    part = path.with_name(f".{path.name}.part-{os.getpid()}")
    # docker-py's own call takes one image only; the API takes several (Engine API 1.41, GET /images/get).
    url = f"{client.api.base_url}/v{client.api.api_version}/images/get"
    done = 0
    try:
        for recipe in recipes:
            client.images.get(recipe.image)
        query = {"names": [recipe.image for recipe in recipes]}
        with client.api.get(url, params=query, stream=True) as answer, part.open("wb") as file:
            answer.raise_for_status()
            for chunk in answer.iter_content(_CHUNK):
                file.write(chunk)
                report(f"save {path.name}", done := done + len(chunk))
        part.replace(path)
        report(f"save {path.name}", done, done)
    except (DockerException, OSError) as error:
        raise translate(error) from error
    finally:
        part.unlink(missing_ok=True)
