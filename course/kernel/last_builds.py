"""What the last build of each name made in this kernel, to say which layers the next one takes over."""

from __future__ import annotations

from collections.abc import Sequence

MOST_NAMES = 50
"""Of how many names the last build is known."""

_built: dict[str, tuple[tuple[str, str], ...]] = {}


def last_build(name: str) -> tuple[tuple[str, str], ...]:
    """For each instruction of the last build of this name: its text, and the id of the image after it."""
    return _built.get(name, ())


def remember(name: str, steps: Sequence[tuple[str, str]]) -> None:
    """Note the instructions that a build has carried out."""
    _built.pop(name, None)
    _built[name] = tuple(steps)
    while len(_built) > MOST_NAMES:
        del _built[next(iter(_built))]


def beside(
    last: Sequence[tuple[str, str]], number: int, instruction: str, image_id: str, *, cached: bool = False
) -> str:
    """One instruction beside the last build, in words; "" where there is none to compare with.

    Args:
        last: of `last_build`.
        number: the instruction's, from 1.
        instruction: its text.
        image_id: of the image after it, as short as the engine prints it.
        cached: whether the builder took the result from its cache, which can be that of an earlier build.
    """
    if not last or not image_id:
        return ""
    if number > len(last):
        return "+ not in the last build"
    before, image_before = last[number - 1]
    if image_before == image_id:
        return "= as in the last build"
    if before != instruction:
        return f"≠ last build: {before}"
    return "= as in an earlier build" if cached else "≠ ran again"
