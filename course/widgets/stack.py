"""How the layers of several images are laid out side by side: a layer that some share is one box across them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from course.engine.facts import ImageFact
from course.widgets.words import plain

_NOP = "/bin/sh -c #(nop)"
_SHELL = "/bin/sh -c "
_CONTENT = re.compile(r"\b(file|dir|multi):([0-9a-f]{8})[0-9a-f]+")


@dataclass(frozen=True)
class Box:
    """One layer, drawn once.

    Args:
        diff_id: digest of its content.
        instruction: what made it, as people write it.
        size: bytes that it adds.
        level: 0 for the lowest layer.
        first: the first of the columns that it stands under, from 0.
        span: over how many columns it reaches.
        settings: the instructions after it that changed no files, where all its images have the same.
    """

    diff_id: str
    instruction: str
    size: int
    level: int
    first: int
    span: int
    settings: tuple[str, ...]


@dataclass(frozen=True)
class Stack:
    """Boxes over columns. `order` says which image stands in each column, as an index into what was given.

    `settings` are, for each column, the instructions without a layer that stand in no box: they differ between the
    images that share the layer below them, or there is no layer below them.
    """

    order: tuple[int, ...]
    boxes: tuple[Box, ...]
    settings: tuple[tuple[str, ...], ...]


def stacked(images: Sequence[ImageFact]) -> Stack:
    """Put images side by side, those with common layers next to each other, so that each layer is one box."""
    chains = [image.diff_ids for image in images]
    order = tuple(_grouped(chains, tuple(range(len(images))), 0))
    boxes, left = [], [list(_settings(images[at])[0]) for at in order]
    for level in range(max(map(len, chains), default=0)):
        column = 0
        while column < len(order):
            here = chains[order[column]][: level + 1]
            span = 1
            while column + span < len(order) and chains[order[column + span]][: level + 1] == here:
                span += 1
            if len(here) > level:
                own = [_settings(images[at])[level + 1] for at in order[column : column + span]]
                same = all(one == own[0] for one in own)
                if not same:
                    for place, lines in enumerate(own):
                        left[column + place] += lines
                layer = [one for one in images[order[column]].layers if one.diff_id][level]
                boxes.append(
                    Box(
                        here[level], written(layer.instruction), layer.size, level, column, span, own[0] if same else ()
                    )
                )
            column += span
    return Stack(order, tuple(boxes), tuple(map(tuple, left)))


def written(created_by: str) -> str:
    """An instruction as a Dockerfile has it, from what the engine's history says."""
    text = created_by.strip().removesuffix("# buildkit").strip()
    if text.startswith(_NOP):
        text = text.removeprefix(_NOP).strip()
    elif text.startswith(_SHELL):
        text = f"RUN {text.removeprefix(_SHELL)}"
    text = text.replace(f"RUN {_SHELL}", "RUN ")
    return plain(_CONTENT.sub(r"\1:\2…", text)) or "(not recorded)"


def _grouped(chains: Sequence[tuple[str, ...]], members: tuple[int, ...], level: int) -> Iterator[int]:
    """The members in an order in which those with a common layer are neighbours, level by level."""
    groups: dict[str | None, list[int]] = {}
    for one in members:
        groups.setdefault(chains[one][level] if level < len(chains[one]) else None, []).append(one)
    for diff_id, group in groups.items():
        if diff_id is None or len(group) == 1:
            yield from group
        else:
            yield from _grouped(chains, tuple(group), level + 1)


def _settings(image: ImageFact) -> list[tuple[str, ...]]:
    """The instructions without a layer: those before the first layer, then those after each."""
    found: list[list[str]] = [[]]
    for layer in image.layers:
        if layer.diff_id:
            found.append([])
        else:
            found[-1].append(written(layer.instruction))
    return [tuple(lines) for lines in found]
