"""Questions about volumes."""

from __future__ import annotations

from course.lesson.belongings import key_of
from grader.checks.check import failed, not_attempted
from grader.checks.finding import container_names, find_image
from grader.checks.lessons import maker, must_be_own
from grader.checks.named import Image, Volume
from grader.checks.questions.files import read_text, stat
from grader.checks.questions.past import deeds
from grader.checks.starting import NEVER_STARTED, create
from grader.checks.text import Wanted, found, named
from grader.checks.trial import Trial

_READER = "course/busybox"  # any image would do: the container that mounts the volume is never started
_AT = "/checked-volume"


def exists(volume: Volume, trial: Trial) -> str:
    """It is there."""
    _find(trial, volume)
    return "it is there"


def holds(volume: Volume, path: str, contains: Wanted | None, trial: Trial) -> str:
    """A file is in it. A container that is never started mounts it, so that none of the learner's has to be left."""
    _find(trial, volume)
    reader = find_image(trial, Image(_READER, volume.machine))
    held = create(trial, reader, NEVER_STARTED, machine=volume.machine, volume=(volume.name, _AT))
    full = f"{_AT}/{path.lstrip('/')}"
    if stat(trial, held, full, volume.machine) is None:
        raise failed("volume.lacks_file", volume=volume.name, path=path)
    if contains is None:
        return f"{path} is there"
    text = read_text(trial, held, full, volume.machine)
    if text is None:
        raise failed("files.no_text", owner=volume.name, path=path, kind="a folder, or too large")
    if not found(contains, text):
        raise failed("files.content_lacks", owner=volume.name, path=path, wanted=named(contains), seen=text)
    return f"{path} holds it"


def outlives(volume: Volume, container: str, trial: Trial) -> str:
    """The container was made and is gone; the volume is there."""
    history = deeds(trial, volume.machine)
    if not any(deed.kind == "container" and deed.action == "create" and deed.name == container for deed in history):
        raise not_attempted("container.never_made", container=container)
    if container in container_names(trial, volume.machine):
        raise failed("volume.container_left", volume=volume.name, container=container)
    keys = _keys(trial, volume.machine)
    if volume.name not in keys:
        raise failed("volume.gone", volume=volume.name, container=container)
    must_be_own(trial, "volume.of_lesson", volume.name, keys[volume.name], volume.machine)
    return f"{container} is gone, {volume.name} is there"


def removed(volume: Volume, trial: Trial) -> str:
    """It was made, and it is gone."""
    key = _keys(trial, volume.machine).get(volume.name)
    if key is not None and not maker(trial, key, volume.machine):
        raise not_attempted("volume.still_there", volume=volume.name)
    if not any(deed.kind == "volume" and deed.name == volume.name for deed in deeds(trial, volume.machine)):
        raise not_attempted("volume.absent", volume=volume.name)
    return "made, and gone"


def _find(trial: Trial, volume: Volume) -> None:
    keys = _keys(trial, volume.machine)
    if volume.name not in keys:
        raise not_attempted("volume.absent", volume=volume.name)
    must_be_own(trial, "volume.of_lesson", volume.name, keys[volume.name], volume.machine)


def _keys(trial: Trial, machine: str) -> dict[str, str]:
    """What stands for each volume in the note of who made what, by name."""
    listed = trial.client(machine).api.volumes().get("Volumes") or ()
    return {entry["Name"]: key_of("volume", entry["Name"], entry.get("CreatedAt") or "") for entry in listed}
