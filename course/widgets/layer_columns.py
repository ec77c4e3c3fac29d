"""The columns of a picture of layers: images, and containers with what they changed; each is kept up to date."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

import docker
from docker.errors import DockerException, NotFound

from course.engine.errors import ImageMissing, translate
from course.engine.facts import ImageFact, container_fact
from course.engine.made_layers import image_with_its_layers as image_fact
from course.errors import CourseError
from course.widgets.picture import CALL_SECONDS
from course.widgets.reading import World
from course.widgets.words import listed, plain, state_words

MOST_CHANGES = 100
"""How many files of a container's own layer are listed; all are counted."""
DOES = {"added": "+ added", "changed": "~ changed", "deleted": "- deleted"}
"""What a layer does to a file, and how a learner sees it."""
_KINDS = {0: "changed", 1: "added", 2: "deleted"}  # of GET /containers/{id}/changes, every API version


@dataclass(frozen=True)
class Changes:
    """What a container's own layer holds: how many files of each sort, and the first of them by path."""

    counts: dict[str, int] = field(default_factory=dict)
    files: tuple[tuple[str, str], ...] = ()

    @property
    def words(self) -> str:
        """The counts, such as "1 added, 2 changed, 0 deleted"."""
        return ", ".join(f"{self.counts.get(does, 0)} {does}" for does in DOES)


@dataclass(frozen=True)
class Column:
    """One image, or one container with its image. `asked` is the name that was given, "" where it was an id."""

    image: ImageFact
    title: str
    asked: str = ""
    container: str = ""
    state: str = ""
    changes: Changes | None = None
    gone: str = ""


def calls(url: str) -> closing[docker.DockerClient]:
    """A client for a few calls, closed at the end of a `with`. Raises EngineError."""
    try:
        return closing(docker.DockerClient(base_url=url, version="auto", timeout=CALL_SECONDS))
    except (DockerException, OSError) as error:
        raise translate(error) from error


def column_of(client: docker.DockerClient, subject: Any) -> Column:
    """The column of an image or a container.

    Args:
        client: of the session.
        subject: a name, an id, or docker-py's object; a name is an image's first.

    Raises:
        EngineError: there is neither an image nor a container of that name.
    """
    if isinstance(subject, docker.models.containers.Container):
        return _container_column(client, str(subject.id))
    asked = str(getattr(subject, "id", subject))
    try:
        fact = image_fact(client, asked)
    except ImageMissing:
        if not isinstance(subject, str):
            raise
        try:
            return _container_column(client, asked)
        except CourseError:
            pass
        raise
    name = asked if ":" in asked.rpartition("/")[2] else f"{asked}:latest"
    return Column(
        fact, name if name in fact.tags else (fact.tags or (fact.id[:19],))[0], name if name in fact.tags else ""
    )


def followed(client: docker.DockerClient, column: Column, world: World, touched: int) -> Column:
    """The column as a world has it: its state, the image that its name means now, what its container changed.

    Args:
        client: of the session; it is asked only for what may be another than before.
        column: as it was.
        world: the newest.
        touched: `World.touched` when the column was made.

    Raises:
        EngineError: the engine does not answer.
    """
    if column.container:
        row = world.container(column.container)
        if row is None:
            gone = "✗ removed: its own layer is gone, the layers of its image are not"
            return replace(column, state="✗ removed", changes=None, gone=gone)
        state = state_words(row.status, row.exit_code)
        if state == column.state and touched == world.touched:
            return column
        return replace(column, title=row.name, state=state, changes=_changes(client, column.container))
    named = next((one.id for one in world.images if column.asked and column.asked in one.tags), column.image.id)
    if named != column.image.id:
        return replace(column, image=image_fact(client, named), state="↻ the name means another image now")
    there = any(one.id == named for one in world.images)
    return replace(column, state=column.state if there else "✗ removed")


def change(before: tuple[Column, ...], after: tuple[Column, ...]) -> str:
    """What is different, as one sentence for a screen reader."""
    return listed(list(_differences(before, after)))


def _container_column(client: docker.DockerClient, reference: str) -> Column:
    fact = container_fact(client, reference)
    return Column(image_fact(client, fact.image_id), fact.name, container=fact.id)


def _changes(client: docker.DockerClient, container: str) -> Changes | None:
    try:
        rows = client.api.diff(container) or ()
    except NotFound:
        return None  # removed a moment ago: the next world says so
    except (DockerException, OSError) as error:
        raise translate(error) from error
    found = [(_KINDS.get(row["Kind"], "changed"), plain(str(row["Path"]))) for row in rows]
    counts = {does: sum(one == does for one, _ in found) for does in DOES}
    return Changes(counts, tuple(sorted(found, key=lambda one: one[1])[:MOST_CHANGES]))


def _differences(before: tuple[Column, ...], after: tuple[Column, ...]) -> Iterator[str]:
    for old, new in zip(before, after, strict=True):
        if old.state != new.state and old.state:
            yield f"{new.title}: {new.state}"
        elif old.changes != new.changes and new.changes and old.changes:
            yield f"{new.title}: {new.changes.words}"
