"""layers: the layers of images side by side, shared ones once, a container's own on top, and the files of each."""

from __future__ import annotations

from html import escape
from typing import Annotated, Any

import docker
import msgspec
import traitlets

from course.engine.facts import ImageFact
from course.errors import CourseError
from course.widgets.drawn import Cancel
from course.widgets.layer_columns import DOES, calls, change, column_of, followed
from course.widgets.layer_files import LayerFiles, compared, read_layers
from course.widgets.picture import Picture, session_url, source
from course.widgets.reading import World
from course.widgets.stack import Box, Stack, stacked
from course.widgets.words import counted, listed, plain, size_words

MOST_COLUMNS = 6
"""How many images and containers are shown side by side."""
PAGE = 200
"""How many files of a layer are shown at a time."""
TEXT_FILES = 20
"""How many files of the opened layer the text and the static page list."""
SAVE_PIECE = 1 << 20


class NoSuchLayer(CourseError):
    """A command named a layer that the picture does not show."""


class NothingToShow(CourseError):
    """`layers` was called with no image, or with too many."""


class Open(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag="open"):
    """Show the files of a layer, from so many on."""

    layer: Annotated[str, msgspec.Meta(pattern="^sha256:[0-9a-f]{64}$")]
    start: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class Shut(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag="shut"):
    """Show no files."""


class Look(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag="look"):
    """Ask again what the containers changed."""


class Layers(Picture):
    """Layers of images and containers.

    Args:
        subjects: names, ids, or docker-py's images and containers.

    Raises:
        EngineError: one of them is not there.
        NothingToShow: none, or more than `MOST_COLUMNS`.
    """

    kind = "layers"
    commands = Open | Shut | Look | Cancel
    opened = traitlets.Dict().tag(sync=True)
    """The files of the layer that a learner opened; empty when none is open."""
    _esm = source("parts.js", "layers.js")
    _css = source("tokens.css", "layers.css")

    def __init__(self, *subjects: Any) -> None:
        if not 1 <= len(subjects) <= MOST_COLUMNS:
            raise NothingToShow(
                f"1 to {MOST_COLUMNS} images or containers", f"{len(subjects)} were given", "layers('course/busybox')"
            )
        with calls(session_url()) as client:
            self._columns = tuple(column_of(client, subject) for subject in subjects)
        self._stack, self._touched = Stack((), (), ()), -1
        self._files: dict[str, LayerFiles] = {}
        super().__init__()

    def show(self, world: World) -> dict[str, Any]:
        """The state that draws the layers as a world has them."""
        before, trouble = self._columns, world.trouble
        if not trouble:
            try:
                self._follow(world)
            except CourseError as error:
                trouble = f"{error.observed}; {error.try_next}"
        self._stack = stacked([column.image for column in self._columns])
        return {
            "columns": [self._heading(place) for place in range(len(self._columns))],
            "boxes": [self._box(box) for box in sorted(self._stack.boxes, key=lambda box: (-box.level, box.first))],
            "rows": max((box.level for box in self._stack.boxes), default=-1) + 1,
            "summary": self._summary(),
            "change": change(before, self._columns) if self.state else "",
            "trouble": trouble,
        }

    def text(self) -> str:
        """The layers from the top down, a shared one once; then the files of the opened layer."""
        lines = [f"Layers: {self._summary()}"]
        for heading in self.state["columns"]:
            lines.append(
                f"{heading['title']} ({heading['detail']}){': ' + heading['state'] if heading['state'] else ''}"
            )
            lines += [f"  {line} (no layer)" for line in heading["settings"]]
            lines += [f"  its own layer: {own['words']}" for own in [heading["own"]] if own]
            lines += [f"    {one['mark']} {one['path']}" for one in (heading["own"] or {}).get("files", ())]
            lines += [f"  {heading['note']}"] if heading["note"] else []
        for box in self.state["boxes"]:
            lines.append(f"layer {box['number']}, {box['of']}: {box['instruction']} ({box['detail']})")
            lines += [f"  then {line} (no layer)" for line in box["settings"]]
        return "\n".join([*lines, *self._opened_lines(), *filter(None, [self.state["trouble"]])])

    def html(self) -> str:
        """The same as a table: layers from the top down, one column for each image."""
        state = self.state
        head = "".join(f"<th>{escape(one['title'])}<br>{escape(one['detail'])}</th>" for one in state["columns"])
        rows = [self._own_row()] if any(one["own"] or one["note"] for one in state["columns"]) else []
        if any(one["settings"] for one in state["columns"]):
            cells = "".join(f"<td>{'<br>'.join(map(escape, one['settings']))}</td>" for one in state["columns"])
            rows.append(f"<tr><th>no layer</th>{cells}</tr>")
        for level in reversed(range(state["rows"])):
            cells, column = "", 0
            for box in (box for box in state["boxes"] if box["level"] == level):
                cells += "<td></td>" * (box["first"] - column)
                words = "<br>".join(map(escape, [box["instruction"], box["detail"], *box["settings"]]))
                cells += f"<td colspan='{box['span']}'>{words}</td>"
                column = box["first"] + box["span"]
            cells += "<td></td>" * (len(state["columns"]) - column)
            rows.append(f"<tr><th>layer {level + 1}</th>{cells}</tr>")
        opened = "".join(f"<li>{escape(line.strip())}</li>" for line in self._opened_lines()[1:])
        title = "".join(f"<p>{escape(line)}</p>" for line in self._opened_lines()[:1])
        return (
            f"<table><caption>Layers: {escape(state['summary'])}</caption>"
            f"<thead><tr><th></th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
            + title
            + (f"<ul>{opened}</ul>" if opened else "")
            + (f"<p>{escape(state['trouble'])}</p>" if state["trouble"] else "")
        )

    def act(self, command: Any, client: docker.DockerClient) -> dict[str, str]:
        """Open a layer, shut it, or look again at what the containers changed."""
        match command:
            case Open(layer, start):
                return {"notice": self._open(client, layer, start)}
            case Shut():
                self.opened = {}
                return {"notice": "✓ shut"}
        self._touched = -1
        self.redraw()
        return {"notice": "✓ looked again"}

    # ---- following the engine

    def _follow(self, world: World) -> None:
        with calls(self._url) as client:
            self._columns = tuple(followed(client, column, world, self._touched) for column in self._columns)
        self._touched = world.touched

    # ---- drawing

    def _summary(self) -> str:
        boxes = self._stack.boxes
        shared = sum(box.span > 1 for box in boxes)
        size = sum(box.size for box in boxes)
        words = f"{listed([column.title for column in self._columns], MOST_COLUMNS)}: {counted(len(boxes), 'layer')}"
        return f"{words}, {shared} shared, {size_words(size)} kept once"

    def _heading(self, place: int) -> dict[str, Any]:
        column = self._columns[self._stack.order[place]]
        layers = counted(len(column.image.diff_ids), "layer")
        own = None
        if column.changes is not None:
            files = [{"mark": DOES[does], "path": path, "does": does} for does, path in column.changes.files]
            hidden = sum(column.changes.counts.values()) - len(files)
            more = f"{counted(hidden, 'more file')}" if hidden else ""
            own = {"words": column.changes.words, "files": files, "more": more}
        image = listed(column.image.tags, 1) or column.image.id.removeprefix("sha256:")[:12]
        return {
            "id": f"{place}",
            "title": plain(column.title),
            "detail": f"{'container from ' + plain(image) + ', ' if column.container else ''}{layers}, "
            f"{size_words(column.image.size)}",
            "state": column.state,
            "settings": list(self._stack.settings[place]),
            "own": own,
            "note": column.gone,
            "line": f"docker.from_env().containers.get({column.title!r}).diff()" if column.container else "",
        }

    def _box(self, box: Box) -> dict[str, Any]:
        titles = [plain(self._columns[at].title) for at in self._stack.order[box.first : box.first + box.span]]
        shared = f", shared by {counted(box.span, 'column')}" if box.span > 1 else ""
        return {
            "id": f"{box.level} {box.first} {box.diff_id}",
            "layer": box.diff_id,
            "level": box.level,
            "number": str(box.level + 1),
            "first": box.first,
            "span": box.span,
            "instruction": box.instruction,
            "size": box.size,
            "detail": f"{size_words(box.size)}{shared}",
            "of": listed(titles, MOST_COLUMNS),
            "settings": list(box.settings),
            "line": "",  # no call of docker-py lists the files of a layer
        }

    def _own_row(self) -> str:
        cells = ""
        for heading in self.state["columns"]:
            own = heading["own"] or {"words": heading["note"], "files": (), "more": ""}
            lines = [own["words"], *(f"{one['mark']} {one['path']}" for one in own["files"]), own["more"]]
            cells += f"<td>{'<br>'.join(escape(line) for line in lines if line)}</td>"
        return f"<tr><th>own layer of a container</th>{cells}</tr>"

    def _opened_lines(self) -> list[str]:
        if not self.opened:
            return []
        files = self.opened["files"]
        lines = [f"  {one['mark']} {one['path']} {one['detail']}".rstrip() for one in files[:TEXT_FILES]]
        hidden = self.opened["number"] - len(lines)
        return [f"Files of {self.opened['title']}: {self.opened['words']}", *lines] + (
            [f"  and {hidden} more"] if hidden else []
        )

    # ---- the files of a layer

    def _open(self, client: docker.DockerClient, layer: str, start: int) -> str:
        column = next((one for one in self._columns if layer in one.image.diff_ids), None)
        if column is None:
            raise NoSuchLayer("a layer of this picture", layer[:19], "choose one of the layers that are shown")
        if layer not in self._files:
            self._read(client, column.image)
        if layer not in self._files:
            raise NoSuchLayer(
                "a layer that can be read", "the engine keeps it in a form unknown here", "choose another"
            )
        files = self._files[layer]
        shown = files.files[start : start + PAGE]
        last = start + len(shown)
        number = column.image.diff_ids.index(layer) + 1
        capped = f"; only the first {len(files.files)} are listed" if files.number > len(files.files) else ""
        self.opened = {
            "layer": layer,
            "title": f"layer {number} of {plain(column.title)}",
            "words": f"{counted(files.number, 'entry').replace('entrys', 'entries')}, {size_words(files.size)}{capped}",
            "number": files.number,
            "files": [
                {"mark": DOES[one.does], "does": one.does, "path": one.path, "detail": _detail(one.kind, one.size)}
                for one in shown
            ],
            "range": f"{start + 1 if shown else 0} to {last} of {files.number}",
            "before": max(0, start - PAGE) if start else None,
            "after": last if last < len(files.files) else None,
        }
        return f"✓ {self.opened['title']}: {self.opened['words']}"

    def _read(self, client: docker.DockerClient, image: ImageFact) -> None:
        name = image.tags[0] if image.tags else image.id[:19]
        pieces = client.api.get_image(image.id, chunk_size=SAVE_PIECE)
        try:
            found = read_layers(pieces, lambda done: self.report(f"reading {plain(name)}", done, image.size))
        finally:
            pieces.close()  # an archive that is not read to its end ends here, at the engine too
        self._files.update(compared(image.diff_ids, found))


def layers(*images: Any) -> Layers:
    """Show the layers of images and containers side by side, and follow them.

    Args:
        images: one to six: names or ids of images, docker-py's images; or containers, by docker-py's object, or by a
            name that no image has.

    Raises:
        NoEngineHere: DOCKER_HOST is not set.
        NothingToShow: no image was given, or more than six.
        EngineError: there is no image or container of that name, or the engine does not answer.
    """
    return Layers(*images)


def _detail(kind: str, size: int) -> str:
    return size_words(size) if kind == "file" and size else "" if kind == "file" else kind
