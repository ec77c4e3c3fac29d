"""Find what a check is about, and say plainly when it is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from course.lesson.belongings import key_of
from grader.checks.check import could_not_check, failed, not_attempted
from grader.checks.found import FoundContainer, FoundImage, image_of, inspect
from grader.checks.lessons import maker, must_be_own
from grader.checks.near import near
from grader.checks.trial import Trial

if TYPE_CHECKING:
    from grader.checks.named import Container, Image

COURSE_IMAGES = "course/"  # the names of the base images, which the course provides


def find_image(trial: Trial, image: Image) -> FoundImage:
    """The image of this name, or the one that its Dockerfile gives.

    Raises:
        Unmet: `image.absent` (not attempted), `image.name_near` (another name was used), `build.*` and `dockerfile.*`.
    """
    from docker.errors import NotFound

    ref = image.ref
    if image.built is not None:
        from grader.checks.questions.building import build

        ref = build(trial, image.built, image.machine).image_id
    client = trial.client(image.machine)
    try:
        attrs = client.api.inspect_image(ref)
    except NotFound:
        raise _no_image(trial, image) from None
    return image_of(attrs)


def find_container(trial: Trial, container: Container) -> FoundContainer:
    """The container of this name.

    Raises:
        Unmet: `container.absent` (not attempted), `container.name_near` (another name was used), `container.gone`
            (it was there, and was removed), `container.of_lesson` (not attempted: another lesson made it).
    """
    from docker.errors import NotFound

    try:
        found = inspect(trial, container.name, container.machine)
    except NotFound:
        raise _no_container(trial, container) from None
    must_be_own(trial, "container.of_lesson", container.name, f"container:{found.id}", container.machine)
    return found


def container_names(trial: Trial, machine: str = "") -> list[str]:
    """The names of the lesson's containers, running or not."""
    listed = trial.client(machine).api.containers(all=True)
    own = [entry for entry in listed if not maker(trial, f"container:{entry['Id']}", machine)]
    return [name.rpartition("/")[2] for entry in own for name in entry.get("Names") or ()]


def _no_image(trial: Trial, image: Image) -> Exception:
    if image.ref.startswith(COURSE_IMAGES):
        return could_not_check("engine.base_missing", image=image.ref)
    listed = trial.client(image.machine).api.images()
    tags = {tag: entry["Id"] for entry in listed for tag in entry.get("RepoTags") or () if not tag.startswith("<none>")}
    own = [
        tag
        for tag, image_id in tags.items()
        if not tag.startswith(COURSE_IMAGES) and not maker(trial, key_of("image", tag, image_id), image.machine)
    ]
    tag = image.ref.rpartition("/")[2].partition(":")[2] or "latest"
    bare = image.ref.removesuffix(f":{tag}")
    # a tag that both have makes no two names alike, and a name that both have no two tags
    named = {other.removesuffix(f":{tag}"): other for other in own if other.endswith(f":{tag}")}
    others = {other: other for other in own if not other.endswith(f":{tag}")}
    meant = named.get(near(bare, named) or "") or others.get(near(f"{bare}:{tag}", others) or "")
    if meant is not None:
        return failed("image.name_near", image=image.ref, other=meant)
    return not_attempted("image.absent", image=image.ref)


def _no_container(trial: Trial, container: Container) -> Exception:
    meant = near(container.name, container_names(trial, container.machine))
    if meant is not None:
        return failed("container.name_near", container=container.name, other=meant)
    from grader.checks.questions.past import deeds

    if any(deed.action == "create" and deed.name == container.name for deed in deeds(trial, container.machine)):
        return failed("container.gone", container=container.name)
    return not_attempted("container.absent", container=container.name)
