"""What other lessons made in the same session: pictures show a lesson's own objects first, and fold these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from course.widgets.reading import World
from course.widgets.words import listed

BASE = "course/"
MOST_NAMES = 12
"""How many names of what is folded the text lists."""


@dataclass(frozen=True)
class Divided:
    """A world in two: what a lesson made or needs, and what other lessons (`makers`) made."""

    own: World
    older: World = field(default_factory=World)
    makers: tuple[str, ...] = ()
    lesson: str = ""

    @property
    def words(self) -> str:
        """How many objects are folded and who made them, such as "12 older, made in L01, L02"; "" for none."""
        number = len(self.older.images) + len(self.older.containers)
        if not number:
            return ""
        older = "older" if max(self.makers) < self.lesson else "of other lessons"
        return f"{number} {older}, made in {listed(self.makers)}"

    @property
    def names(self) -> str:
        """The names of what is folded, the first of them."""
        images, containers = self.older.images, self.older.containers
        return listed([*(one.name for one in images), *(one.name for one in containers)], MOST_NAMES)


Maker = Callable[[str, str, str], str]
"""The lesson that made an object, "" for nobody known; asked by kind, reference and what tells it from a later one of
that name (`course.lesson.belongings.Belonging`)."""


@dataclass(frozen=True)
class Viewpoint:
    """The lesson that a kernel works on: its id, the images that it prepares, and how to learn who made what by now."""

    lesson: str
    prepares: frozenset[str]
    makers: Callable[[], Maker]


_viewpoint: list[Viewpoint] = []


def see_from(viewpoint: Viewpoint) -> None:
    """Divide the worlds of pictures that are made from here on as this lesson sees them."""
    _viewpoint[:] = [viewpoint]


class Division:
    """Divides worlds as the lesson sees them that was set up when this was made; without one nothing is folded."""

    def __init__(self) -> None:
        self._from = _viewpoint[-1] if _viewpoint else None

    def __call__(self, world: World) -> Divided:
        """The world in two, as things are now."""
        return divided(world, self._from) if self._from else Divided(world)


def divided(world: World, viewpoint: Viewpoint) -> Divided:
    """Divide a world: the lesson's objects, with the images that it prepares or that its containers come from."""
    maker, ours = viewpoint.makers(), {"", viewpoint.lesson}
    makers = {row.id: maker("container", row.id, "") for row in world.containers}
    containers = tuple(row for row in world.containers if makers[row.id] in ours)
    needed = {row.image_id for row in containers}
    prepared = set(map(_short, viewpoint.prepares))
    for image in world.images:
        by = {maker("image", name, image.id) for name in image.tags or (image.id,)}
        base = any(tag.startswith(BASE) for tag in image.tags)
        if not (base or image.id in needed or prepared.intersection(map(_short, image.tags)) or by & ours):
            makers[image.id] = min(by)
    images = tuple(image for image in world.images if image.id not in makers)
    older = replace(
        world,
        images=tuple(image for image in world.images if image.id in makers),
        containers=tuple(row for row in world.containers if row not in containers),
    )
    folded = {makers[one.id] for one in older.images} | {makers[one.id] for one in older.containers}
    return Divided(replace(world, images=images, containers=containers), older, tuple(sorted(folded)), viewpoint.lesson)


def _short(tag: str) -> str:
    return tag.removesuffix(":latest")
