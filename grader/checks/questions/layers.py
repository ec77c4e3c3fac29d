"""Questions about layers and sizes. Ancestry is the prefix of `RootFS.Layers`; newer engines drop `Parent`."""

from __future__ import annotations

from itertools import takewhile

from grader.checks.check import failed
from grader.checks.finding import find_image
from grader.checks.named import Image
from grader.checks.trial import Trial


def descends(image: Image, base: Image, trial: Trial) -> str:
    """All layers of the base are the first layers of the image."""
    from course.engine.facts import descends_from

    found, ground = find_image(trial, image).fact, find_image(trial, base).fact
    if not descends_from(found, ground):
        common = _common(found.diff_ids, ground.diff_ids)
        raise failed("image.other_base", image=image.ref, base=base.ref, common=common, layers=len(ground.diff_ids))
    return f"its first {len(ground.diff_ids)} layers are those of {base.ref}"


def shares(image: Image, other: Image, at_least: int, trial: Trial) -> str:
    """The first layers are common."""
    one, two = find_image(trial, image).fact, find_image(trial, other).fact
    common = _common(one.diff_ids, two.diff_ids)
    if common < at_least:
        raise failed("image.few_shared", image=image.ref, other=other.ref, common=common, at_least=at_least)
    return f"{common} layers are shared"


def size_at_most(image: Image, times: float, other: Image, trial: Trial) -> str:
    """The size stays within a multiple of another image's."""
    size, reference = find_image(trial, image).fact.size, find_image(trial, other).fact.size
    ratio = size / max(reference, 1)
    if ratio > times:
        raise failed(
            "image.too_large",
            image=image.ref,
            other=other.ref,
            ratio=f"{ratio:.2f}",
            times=f"{times:g}",
            size=f"{size / 1e6:.1f}",
            reference=f"{reference / 1e6:.1f}",
        )
    return f"{ratio:.2f} times the size of {other.ref}"


def _common(one: tuple[str, ...], two: tuple[str, ...]) -> int:
    return sum(1 for _pair in takewhile(lambda pair: pair[0] == pair[1], zip(one, two, strict=False)))
