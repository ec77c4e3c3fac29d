"""engine_map: images on the left, containers on the right, and which container came from which image."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import docker

from course.widgets.acts import Act, carry_out, line
from course.widgets.earlier import Division
from course.widgets.picture import Picture, source
from course.widgets.reading import ContainerRow, ImageRow, World
from course.widgets.words import counted, listed, size_words, state_words

MOST_IMAGES = 100
MOST_CONTAINERS = 200
"""How many are drawn, in a list that scrolls; a line says how many more there are."""
MOST_LINES = 50
"""How many of each the text and the static page list, which nobody can scroll through."""


class EngineMap(Picture):
    """The map of the session's images and containers: those of the lesson, and folded below them what others made."""

    kind = "engine-map"
    commands = Act
    _esm = source("parts.js", "engine_map.js")
    _css = source("tokens.css", "engine_map.css")

    def __init__(self) -> None:
        self._divide = Division()
        super().__init__()

    def show(self, world: World) -> dict[str, Any]:
        """The state that draws a world, with one sentence on what is new in it."""
        parts = self._divide(world)
        images, containers = drawn(parts.own)
        older_images, older = drawn(parts.older, MOST_IMAGES - len(images), MOST_CONTAINERS - len(containers))
        return {
            "summary": summary(world),
            "images": [*map(_image, images), *({**_image(one), "older": True} for one in older_images)],
            "containers": [
                *(_container(row, world) for row in containers),
                *({**_container(row, world), "older": True} for row in older),
            ],
            "older": parts.words,
            "more": _more(world, (*images, *older_images), (*containers, *older)),
            "change": change(self._world, world) if self.state else "",
            "trouble": world.trouble,
        }

    def text(self) -> str:
        """The images, and below each its containers."""
        world, parts = self._world, self._divide(self._world)
        images, containers = drawn(parts.own, MOST_LINES, MOST_LINES)
        lines = [f"Engine map: {summary(world)}"]
        for image in images:
            lines.append(f"{image.name} ({_image(image)['detail']})")
            own = [f"  {row.name}: {_words(row)}" for row in containers if row.image_id == image.id]
            lines += own or ["  no container"]
        known = {image.id for image in images}
        lines += [f"{row.name}: {_words(row)}, from {row.image}" for row in containers if row.image_id not in known]
        lines += [f"{parts.words}: {parts.names}"] if parts.words else []
        return "\n".join([*lines, *filter(None, [_more(parts.own, images, containers), world.trouble])])

    def html(self) -> str:
        """A table: an image, its layers, its containers; folded below it, what other lessons made."""
        world, parts = self._world, self._divide(self._world)
        folded = f"<details><summary>{escape(parts.words)}</summary>{_table(parts.older)}</details>"
        rest = f"<p>{escape(world.trouble)}</p>" if world.trouble else ""
        caption = f"Engine map: {summary(world)}"
        return f"{_table(parts.own, caption)}{folded if parts.words else ''}{rest}"

    def act(self, command: Any, client: docker.DockerClient) -> dict[str, str]:
        """Start, stop, continue or remove a container, or read its log."""
        return carry_out(command, client)


def engine_map() -> EngineMap:
    """Show the session's images and containers, and follow them.

    Raises:
        NoEngineHere: DOCKER_HOST is not set.
        EngineError: the engine does not answer.
    """
    return EngineMap()


def drawn(
    world: World, images: int = MOST_IMAGES, containers: int = MOST_CONTAINERS
) -> tuple[tuple[ImageRow, ...], tuple[ContainerRow, ...]]:
    """So many images and containers of a world: the newest containers, and the images that they need first."""
    newest = world.containers[max(len(world.containers) - containers, 0) :]
    needed = {row.image_id for row in newest}
    by_need = sorted(world.images, key=lambda image: image.id not in needed)  # stable: else by name
    kept = {image.id for image in by_need[:images]}
    return tuple(image for image in world.images if image.id in kept), newest


def _table(world: World, caption: str = "") -> str:
    images, containers = drawn(world, MOST_LINES, MOST_LINES)
    rows = []
    for image in images:
        own = [f"{escape(row.name)}: {escape(_words(row))}" for row in containers if row.image_id == image.id]
        cells = (escape(image.name), escape(_image(image)["detail"]), "<br>".join(own) or "no container")
        rows.append("<tr>" + "".join(f"<td style='text-align:left'>{cell}</td>" for cell in cells) + "</tr>")
    known = {image.id for image in images}
    for row in (row for row in containers if row.image_id not in known):
        words = f"{escape(row.name)}: {escape(_words(row))}"
        rows.append(f"<tr><td style='text-align:left'>{escape(row.image)}</td><td></td><td>{words}</td></tr>")
    more = _more(world, images, containers)
    return (
        f"<table><caption>{escape(caption)}</caption>"
        "<thead><tr><th>Image</th><th>Layers and size</th><th>Containers</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>" + (f"<p>{escape(more)}</p>" if more else "")
    )


def summary(world: World) -> str:
    """How many images and containers there are, and how many run."""
    running = sum(row.status == "running" for row in world.containers)
    return f"{counted(len(world.images), 'image')}, {counted(len(world.containers), 'container')}, {running} running"


def change(before: World, after: World) -> str:
    """What is different, as one sentence for a screen reader; "" when nothing is."""
    old, new = {row.id: row for row in before.containers}, {row.id: row for row in after.containers}
    said = [f"{row.name} is {_words(row)}" for row in new.values() if row.id not in old or _differs(old[row.id], row)]
    said += [f"{row.name} is removed" for row in old.values() if row.id not in new]
    images = {image.id: image for image in before.images}
    said += [f"image {image.name} is new" for image in after.images if images.pop(image.id, None) is None]
    said += [f"image {image.name} is removed" for image in images.values()]
    return listed(said)


def _differs(old: ContainerRow, new: ContainerRow) -> bool:
    return (old.status, old.exit_code, old.name) != (new.status, new.exit_code, new.name)


def _more(world: World, images: Sequence[ImageRow], containers: Sequence[ContainerRow]) -> str:
    hidden = [
        counted(number, noun)
        for number, noun in (
            (len(world.images) - len(images), "more image"),
            (len(world.containers) - len(containers), "older container"),
        )
        if number
    ]
    return f"Not drawn: {' and '.join(hidden)}." if hidden else ""


def _image(image: ImageRow) -> dict[str, Any]:
    layers = counted(image.layers, "layer") + ", " if image.layers is not None else ""
    return {
        "id": image.id,
        "name": image.name,
        "others": listed(image.tags[1:]),
        "layers": image.layers or 0,
        "detail": f"{layers}{size_words(image.size)}",
    }


def _container(row: ContainerRow, world: World) -> dict[str, Any]:
    known = next((image.name for image in world.images if image.id == row.image_id), row.image)
    main = {"running": "stop", "restarting": "stop", "paused": "unpause"}.get(row.status, "start")
    return {
        "id": row.id,
        "name": row.name,
        "image_id": row.image_id,
        "image": known,
        "status": row.status,
        "words": _words(row),
        "main": main,
        "removable": row.status in ("created", "exited", "dead"),
        "lines": {act: line(act, row.name) for act in (main, "log", "remove")},
    }


def _words(row: ContainerRow) -> str:
    return state_words(row.status, row.exit_code)
