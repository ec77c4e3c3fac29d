"""Whether an image comes back the same from an archive."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from typing import IO

from grader.checks.check import failed
from grader.checks.finding import find_image
from grader.checks.found import FoundImage
from grader.checks.named import Image
from grader.checks.questions.identity import short
from grader.checks.questions.running import judge_end
from grader.checks.starting import started
from grader.checks.text import Wanted
from grader.checks.trial import Trial

LARGEST = 3 * 1024**3  # bytes of an archive
WITHIN = 30.0  # seconds for the loaded image to run


def save_and_load(image: Image, command: tuple[str, ...], prints: Wanted | None, trial: Trial) -> str:
    """Save, remove where no container needs the image, load, compare the id, and run.

    Whatever happens in between, the image and its names are there again afterwards.
    """
    before = find_image(trial, image)
    with tempfile.TemporaryFile() as archive:
        _save(trial, before, archive, image)
        try:
            was_removed = _remove(trial, before, image)
            _load(trial, archive, image.machine)
        finally:
            _restore(trial, before, archive, image.machine)
    after = find_image(trial, image)
    if after.id != before.id:
        raise failed(
            "image.not_same", image=image.ref, other="the loaded one", id=short(before.id), other_id=short(after.id)
        )
    if command or prints is not None:
        made = started(trial, after, command, machine=image.machine)
        judge_end(trial, made, image.machine, image.ref, 0, prints, None, WITHIN)
    way = "removed and loaded" if was_removed else "loaded over itself, since a container uses it"
    return f"{way}: id {short(after.id)}"


def _save(trial: Trial, found: FoundImage, archive: IO[bytes], image: Image) -> None:
    size = 0
    for chunk in trial.client(image.machine).api.get_image(found.id):
        size += len(chunk)
        if size > LARGEST:
            raise failed("image.archive_too_large", image=image.ref, gigabytes=LARGEST // 1024**3)
        archive.write(chunk)


def _remove(trial: Trial, found: FoundImage, image: Image) -> bool:
    """Take the image away, unless a container uses it; the names are given back by `_restore`."""
    api = trial.client(image.machine).api
    if any(entry.get("ImageID") == found.id for entry in api.containers(all=True)):
        return False
    api.remove_image(found.id, force=True)
    return True


def _load(trial: Trial, archive: IO[bytes], machine: str) -> None:
    archive.seek(0)
    for _said in trial.client(machine).api.load_image(archive):
        pass


def _restore(trial: Trial, found: FoundImage, archive: IO[bytes], machine: str) -> None:
    from docker.errors import NotFound

    api = trial.client(machine).api
    try:
        api.inspect_image(found.id)
    except NotFound:
        with suppress(NotFound):
            _load(trial, archive, machine)
    for tag in found.fact.tags:
        repository, _colon, name = tag.rpartition(":")
        api.tag(found.id, repository, name)
