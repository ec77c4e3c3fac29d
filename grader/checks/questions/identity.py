"""Questions about which image a name stands for."""

from __future__ import annotations

from grader.checks.check import failed
from grader.checks.finding import find_image
from grader.checks.named import Image
from grader.checks.trial import Trial


def exists(image: Image, trial: Trial) -> str:
    """The image is there."""
    return f"id {short(find_image(trial, image).id)}"


def same(image: Image, other: Image, trial: Trial) -> str:
    """Both names stand for one id."""
    one, two = find_image(trial, image).id, find_image(trial, other).id
    if one != two:
        raise failed("image.not_same", image=image.ref, other=other.ref, id=short(one), other_id=short(two))
    return f"both have the id {short(one)}"


def differs(image: Image, other: Image, trial: Trial) -> str:
    """The names stand for two ids."""
    one, two = find_image(trial, image).id, find_image(trial, other).id
    if one == two:
        raise failed("image.not_different", image=image.ref, other=other.ref, id=short(one))
    return f"{short(one)} and {short(two)}"


def same_digest(image: Image, other: Image, trial: Trial) -> str:
    """A registry gave both one digest."""
    one, two = (digests(find_image(trial, each).fact.digests) for each in (image, other))
    for each, found in ((image, one), (other, two)):
        if not found:
            raise failed("image.no_digest", image=each.ref)
    if not one & two:
        shown = {"digest": short(min(one)), "other_digest": short(min(two))}
        raise failed("image.other_digest", image=image.ref, other=other.ref, **shown)
    return f"both have the digest {short(min(one & two))}"


def digests(references: tuple[str, ...]) -> frozenset[str]:
    """The digests in `name@sha256:…` references."""
    return frozenset(reference.rpartition("@")[2] for reference in references)


def short(digest: str) -> str:
    """An id as people write it: its first 12 digits."""
    return digest.removeprefix("sha256:")[:12]
