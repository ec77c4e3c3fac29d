"""two_machines: the images of this machine and of a colleague's, which layers both have, and an image sent across."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from html import escape
from typing import Annotated, Any

import docker
import msgspec

from course.engine.errors import EngineError
from course.engine.facts import LayerFact, image_fact
from course.errors import CourseError
from course.session.machines import address
from course.widgets.drawn import Cancel, source
from course.widgets.earlier import MOST_NAMES, Division
from course.widgets.feed import feed_of
from course.widgets.picture import Picture, session_url
from course.widgets.reading import ImageRow, World
from course.widgets.sending import REGISTRY, Way, by_archive, by_registry, shelf_name
from course.widgets.words import counted, listed, size_words

MOST = 20
"""How many images of each machine are drawn."""
CALL_SECONDS = 120
BASE = "course/"
ImageId = Annotated[str, msgspec.Meta(pattern="^sha256:[0-9a-f]{64}$")]
_HOW = "from course.lesson import machine; import docker"


class Archive(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag="archive"):
    """Send an image as an archive: save here, load there."""

    image: ImageId


class Registry(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag="registry"):
    """Send an image by the session's registry: push here, pull there."""

    image: ImageId


class NotHere(CourseError):
    """A command named an image that this machine does not have, or a registry that does not run."""


class TwoMachines(Picture):
    """The images of two machines of one learner.

    Args:
        name: of the other machine.

    Raises:
        CourseError: the other machine could not be made.
    """

    kind = "two-machines"
    commands = Archive | Registry | Cancel
    _esm = source("parts.js", "two_machines.js")
    _css = source("tokens.css", "two_machines.css")

    def __init__(self, name: str) -> None:
        session_url()  # says what to do where there is none
        self._name, self._here, self._there = name, World(), World()
        self._way: Way | None = None
        self._known: set[tuple[str, str]] | None = None
        self._there_url = address(name)
        self._divide = Division()
        self._layers: dict[str, tuple[LayerFact, ...]] = {}
        super().__init__()
        self._other = feed_of(self._there_url)
        self._take_there(self._other.subscribe(self._take_there))

    def close(self) -> None:
        """End the picture: neither machine is followed any more."""
        if other := self.__dict__.pop("_other", None):
            other.unsubscribe(self._take_there)
        super().close()

    def _take_there(self, world: World) -> None:
        with self._drawing:
            if world.number >= self._there.number:
                self._there = world
                self.redraw()

    # ---- what is drawn

    def show(self, world: World) -> dict[str, Any]:
        """The state that draws both machines."""
        self._here = world
        parts = self._divide(replace(world, containers=()))
        here, there = (*_drawn(parts.own), *_drawn(parts.older)), _drawn(self._there)
        self._learn(self._url, here)
        self._learn(self._there_url, there)
        of_here, of_there = self._all_layers(here), self._all_layers(there)
        return {
            "name": self._name,
            "summary": f"this machine has {counted(len(world.images), 'image')}, "
            f"the {self._name}'s has {counted(len(self._there.images), 'image')}",
            "sides": [
                {
                    "id": "here",
                    "title": "This machine",
                    "images": [
                        self._image(row, of_there, self._there, sends=True, older=row in parts.older.images)
                        for row in here
                    ],
                    "older": parts.words,
                    "more": _more(world, here),
                },
                {
                    "id": "there",
                    "title": f"The {self._name}'s machine",
                    "images": [self._image(row, of_here, world, sends=False) for row in there],
                    "older": "",
                    "more": _more(self._there, there),
                },
            ],
            "sending": {"share": self._way.share, "words": self._way.words} if self._way else None,
            "change": self._change(),
            "trouble": " ".join(filter(None, [world.trouble, self._there.trouble])),
        }

    def text(self) -> str:
        """Each machine's images, with id, layers and digest; what of them the other one has; what would travel."""
        lines = [f"Two machines: {self.state['summary']}"]
        for side in self.state["sides"]:
            lines.append(f"{side['title']}:")
            own, older = _split(side)
            for image in own:
                lines.append(f"  {image['name']}: {image['detail']}; {image['there']}")
                lines += [f"    {part}" for part in (image["digest"], image["travels"]) if part]
            if older:
                lines.append(f"  {side['older']}: {listed([image['name'] for image in older], MOST_NAMES)}")
            lines += [f"  {side['more']}"] if side["more"] else []
        return "\n".join([*lines, *filter(None, [self.state["trouble"]])])

    def html(self) -> str:
        """The same as a table for each machine."""
        tables = []
        for side in self.state["sides"]:
            own, older = _split(side)
            tables.append(_table(own, side["title"]))
            if older:
                tables.append(f"<details><summary>{escape(side['older'])}</summary>{_table(older)}</details>")
            tables.append(f"<p>{escape(side['more'])}</p>" if side["more"] else "")
        rest = f"<p>{escape(self.state['trouble'])}</p>" if self.state["trouble"] else ""
        return f"<p>Two machines: {escape(self.state['summary'])}</p>{''.join(tables)}{rest}"

    # ---- what a learner does

    def act(self, command: Any, client: docker.DockerClient) -> dict[str, str]:
        """Send an image, with its progress."""
        row = next((row for row in self._here.images if row.id == command.image), None)
        if row is None:
            raise NotHere("an image of this machine", "it is gone", "choose another")
        layers = self._layers.get(row.id, ())
        diff_ids = [layer.diff_id for layer in layers if layer.diff_id]
        present = len(set(diff_ids) & self._all_layers(_drawn(self._there)))
        try:
            with (
                closing(docker.DockerClient(base_url=self._url, version="auto", timeout=CALL_SECONDS)) as here,
                closing(docker.DockerClient(base_url=self._there_url, version="auto", timeout=CALL_SECONDS)) as there,
            ):
                if isinstance(command, Archive):
                    name = row.tags[0] if row.tags else row.id
                    by_archive(name, diff_ids, row.size, (here, there), self._report, self.cancelled)
                    say = f"{counted(len(diff_ids), 'layer')} in the archive, {present} were there already"
                    return {"notice": f"✓ {row.name} is on the {self._name}'s machine, with the same id; {say}"}
                if refusal := self._no_registry():
                    raise NotHere("a registry that runs", "none", refusal)
                name = by_registry(row.tags[0], (here, there), self._report, self.cancelled)
                return {"notice": f"✓ {name} is on the {self._name}'s machine, with the same digest; compare them"}
        finally:
            self._way = None
            self.redraw()

    def _report(self, way: Way) -> None:
        before, self._way = self._way, way
        if before is None or (before.share, before.step, before.done) != (way.share, way.step, way.done):
            self.redraw()

    # ---- parts of the state

    def _learn(self, url: str, rows: Sequence[ImageRow]) -> None:
        """Read the layers of the images that are new; an image never changes."""
        wanted = [row.id for row in rows if row.id not in self._layers]
        if not wanted:
            return
        with closing(docker.DockerClient(base_url=url, version="auto", timeout=CALL_SECONDS)) as client:
            for image_id in wanted:
                try:
                    self._layers[image_id] = image_fact(client, image_id).layers
                except EngineError:
                    continue  # removed since; the next world is without it

    def _all_layers(self, rows: Sequence[ImageRow]) -> set[str]:
        return {layer.diff_id for row in rows for layer in self._layers.get(row.id, ()) if layer.diff_id}

    def _image(
        self, row: ImageRow, other_layers: set[str], other: World, *, sends: bool, older: bool = False
    ) -> dict[str, Any]:
        layers = [layer for layer in self._layers.get(row.id, ()) if layer.diff_id]
        missing = [layer for layer in layers if layer.diff_id not in other_layers]
        twin = next((one for one in other.images if one.id == row.id), None)
        shared = len(layers) - len(missing)
        there = (
            "✓ the same image is there" if twin else f"○ not there; {shared} of its {counted(len(layers), 'layer')} are"
        )
        travels = (
            f"archive: {counted(len(layers), 'layer')}, {size_words(row.size)}; registry: "
            f"{counted(len(missing), 'layer')} that {'is' if len(missing) == 1 else 'are'} missing, "
            f"{size_words(sum(layer.size for layer in missing))}"
        )
        base = any(tag.startswith(BASE) for tag in row.tags)
        return {
            "id": row.id,
            "name": row.name,
            "others": f"also {listed(row.tags[1:])}" if row.tags[1:] else "",
            "status": "same" if twin else "only",
            "older": older,
            "detail": f"id {_short(row.id)}, {counted(len(layers), 'layer')}, {size_words(row.size)}",
            "there": there,
            "digest": _digest(row),
            "layers": [
                {
                    "id": f"{number}",
                    "status": "there" if layer.diff_id in other_layers else "missing",
                    "words": f"layer {number}, {size_words(layer.size)}, "
                    f"{'already there' if layer.diff_id in other_layers else 'not there'}",
                }
                for number, layer in enumerate(layers, 1)
            ],
            "travels": travels if sends and not twin else "",
            "acts": self._acts(row) if sends and not base else [],
        }

    def _acts(self, row: ImageRow) -> list[dict[str, str]]:
        name = row.tags[0] if row.tags else row.id
        named = f"named={name!r}" if row.tags else ""
        archive = f"machine({self._name!r}).images.load(b''.join(docker.from_env().images.get({name!r}).save({named})))"
        repository, tag = shelf_name(name)
        registry = (
            f"docker.from_env().images.get({name!r}).tag({repository!r}, tag={tag!r}); "
            f"docker.from_env().images.push({repository!r}, tag={tag!r}); "
            f"machine({self._name!r}).images.pull({repository!r}, tag={tag!r})"
        )
        refusal = self._no_registry() if row.tags else "○ an image without a name cannot be pushed: tag it first"
        return [
            {"id": "archive", "line": f"{_HOW}; {archive}", "refusal": ""},
            {"id": "registry", "line": f"{_HOW}; {registry}", "refusal": refusal},
        ]

    def _no_registry(self) -> str:
        """Why nothing can be pushed, "" where a registry of one of the two machines runs."""
        for world in (self._here, self._there):
            if any(row.status == "running" and 5000 in dict(row.ports) for row in world.containers):
                return ""
        return (
            f"○ no registry runs at {REGISTRY}: "
            "docker.from_env().containers.run('course/registry', ports={'5000/tcp': None}, detach=True)"
        )

    def _change(self) -> str:
        """What is new on the other machine, as a sentence for a screen reader."""
        if not self._there.number:
            return ""  # not read yet
        now = {(row.id, tag) for row in self._there.images for tag in row.tags or (row.name,)}
        before, self._known = self._known if self._known is not None else now, now
        said = [f"{tag} is on the {self._name}'s machine" for _, tag in sorted(now - before)]
        return listed([*said, *(f"{tag} is gone from the {self._name}'s machine" for _, tag in sorted(before - now))])


_PARTS = ("name", "detail", "there", "digest", "travels")


def two_machines(name: str = "colleague") -> TwoMachines:
    """Show this machine and a colleague's, what each has, and send an image across.

    Args:
        name: of the other machine, as `course.lesson.machine` takes it.

    Raises:
        NoEngineHere: DOCKER_HOST is not set.
        CourseError: the other machine could not be made.
    """
    return TwoMachines(name)


def _split(side: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The images of a machine: the lesson's own, and those that are folded."""
    return [one for one in side["images"] if not one["older"]], [one for one in side["images"] if one["older"]]


def _table(images: list[dict[str, Any]], caption: str = "") -> str:
    rows = "".join(
        "<tr>" + "".join(f"<td style='text-align:left'>{escape(image[part])}</td>" for part in _PARTS) + "</tr>"
        for image in images
    )
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr><th>Image</th><th>Id, layers, size</th>"
        f"<th>On the other machine</th><th>Digest</th><th>To send it</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _drawn(world: World) -> tuple[ImageRow, ...]:
    """The images that are drawn: the learner's own first, then the base images, at most `MOST`."""
    own_first = sorted(world.images, key=lambda row: any(tag.startswith(BASE) for tag in row.tags))
    return tuple(own_first[:MOST])


def _more(world: World, drawn: Sequence[ImageRow]) -> str:
    hidden = len(world.images) - len(drawn)
    return f"Not drawn: {counted(hidden, 'more image')}." if hidden else ""


def _short(image_id: str) -> str:
    return image_id.removeprefix("sha256:")[:12]


def _digest(row: ImageRow) -> str:
    """The digest that a registry gave: of the image's own name first."""
    known = [one for one in row.digests if not one.startswith("<none>@") and not one.endswith("@<none>")]
    if not known:
        return "no digest yet: no registry has it"
    name, _, digest = known[0].partition("@")
    return f"digest {_short(digest)} at {name}" + (f" and {len(known) - 1} more" if len(known) > 1 else "")
