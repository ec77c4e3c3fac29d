"""Dockerfiles and layers of different learners that are nearly the same: pairs to look at, never a verdict."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any

from rapidfuzz import fuzz

MOST_SAME = 0.3  # what more than this share of a class has is what the lesson asks for, and says nothing
ALIKE = 90.0  # percent of rapidfuzz.fuzz.ratio
LEAST_LINES = 4
MOST_PAIRS = 40
MOST_LENGTH = 8_000  # characters of a Dockerfile that are compared
MOST_SOURCE = 256 * 1024  # characters of a cell that are looked through
MOST_NAMES = 50  # Dockerfiles of one learner
MOST_COMPARED = 200_000  # pairs
MOST_WORK = 2 * 10**11  # characters times characters of all pairs that are compared, shortest first: seconds
_START = re.compile(r"^[ \t]{0,40}FROM[ \t]{1,40}\S", re.MULTILINE)


@dataclass(frozen=True)
class Pair:
    """Two learners with something nearly the same.

    Args:
        one, other: their ids.
        what: the file or the image.
        why: how alike, in words.
        percent: how alike.
    """

    one: str
    other: str
    what: str
    why: str
    percent: float


def in_notebook(content: bytes) -> dict[str, str]:
    """The Dockerfiles that the cells of a notebook write, by cell: text with a line that begins with FROM."""
    try:
        cells: Any = json.loads(content)["cells"]
        found: dict[str, str] = {}
        for cell in cells:
            if len(found) == MOST_NAMES:
                break
            source = "".join(cell["source"])[:MOST_SOURCE]
            own = not cell["metadata"].get("nbgrader", {}).get("grade") and cell["cell_type"] == "code"
            if own and (start := _START.search(source)):
                name = str(cell["metadata"].get("nbgrader", {}).get("grade_id") or cell.get("id", "a cell"))
                found[name] = source[start.start() :]
        return found
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}  # an unreadable notebook was reported when it was graded


def alike_files(files: Mapping[str, Mapping[str, str]]) -> list[Pair]:
    """Pairs of learners whose Dockerfiles for the same thing are nearly the same, the most alike first.

    What many have is not counted: the released file, and what there is only one way to write.

    Args:
        files: by learner and name.
    """
    by_name: dict[str, dict[str, str]] = defaultdict(dict)
    for student, theirs in files.items():
        for name, text in list(theirs.items())[:MOST_NAMES]:
            by_name[name][student] = _plain(text)
    to_compare = [
        (len(texts[one]) * len(texts[other]), name, one, other)
        for name, texts in ((name, _telling(every)) for name, every in by_name.items())
        for one, other in islice(combinations(sorted(texts), 2), MOST_COMPARED)
    ]
    return _most(_alike(sorted(to_compare)[:MOST_COMPARED], by_name))


def shared_layers(layers: Mapping[str, Iterable[str]]) -> list[Pair]:
    """Pairs of learners whose images have a layer in common that few have.

    A layer's digest holds the times of its files, so that two learners who built the same rarely have the same layer.

    Args:
        layers: digests of the layers above the base images, by learner.
    """
    owners: dict[str, set[str]] = defaultdict(set)
    for student, digests in layers.items():
        for layer in digests:
            owners[layer].add(student)
    few = max(2, int(MOST_SAME * len(layers)))
    shared: dict[tuple[str, str], list[str]] = defaultdict(list)
    for layer, students in owners.items():
        if 2 <= len(students) <= few:
            for one, other in combinations(sorted(students), 2):
                shared[one, other].append(layer)
    return _most(
        Pair(
            one,
            other,
            found[0][:19],
            f"{len(found)} layers in common" if len(found) > 1 else "one layer in common",
            100,
        )
        for (one, other), found in shared.items()
    )


def _telling(texts: Mapping[str, str]) -> dict[str, str]:
    """Those that say something: long enough, and not what many have."""
    same = Counter(texts.values())
    few = max(2, int(MOST_SAME * len(texts)))
    return {who: text for who, text in texts.items() if text.count("\n") + 1 >= LEAST_LINES and same[text] <= few}


def _alike(to_compare: Iterable[tuple[int, str, str, str]], by_name: Mapping[str, Mapping[str, str]]) -> Iterator[Pair]:
    left = MOST_WORK
    for work, name, one, other in to_compare:
        left -= work
        if left < 0:
            return
        percent = fuzz.ratio(by_name[name][one], by_name[name][other], score_cutoff=ALIKE)
        if percent:
            yield Pair(one, other, name, f"{percent:.0f} % the same", percent)


def _most(pairs: Iterable[Pair]) -> list[Pair]:
    return sorted(pairs, key=lambda pair: (-pair.percent, pair.one, pair.other))[:MOST_PAIRS]


def _plain(text: str) -> str:
    lines = (" ".join(line.split()) for line in text[:MOST_SOURCE].splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("#"))[:MOST_LENGTH]
