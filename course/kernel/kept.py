"""What the session keeps on the engine: how much, by lesson, and what removes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from course.lesson.reset import KINDS
from course.widgets.words import counted, size_words

if TYPE_CHECKING:
    from course.lesson.belongings import Belonging, Owners


@dataclass(frozen=True)
class Kept:
    """What is on the engine.

    Args:
        bytes: that images, containers and volumes take besides the base images.
        lessons: for each lesson, how many objects of each kind; "" for what nobody is known to have made.
        session: its id.
    """

    bytes: int
    lessons: dict[str, Counter[str]]
    session: str

    def __str__(self) -> str:
        if not self.lessons:
            return "○ nothing is kept on the engine besides the base images"
        lines = [f"{size_words(self.bytes)} on the engine, besides the base images:"]
        for lesson, counts in sorted(self.lessons.items()):
            words = ", ".join(counted(counts[kind], kind) for kind in KINDS if counts[kind])
            removes = f'`reset("{lesson}")` (from course.lesson import reset) removes it' if lesson else ""
            lines.append(f"  {lesson or 'no lesson'}: {words}{'; ' if removes else ''}{removes}")
        return "\n".join([*lines, f"`course session end {self.session}` in a terminal removes all of it."])


def kept() -> None:
    """Print what this session keeps on the engine, by lesson, and what removes it.

    Raises:
        CourseError: there is no session, or the engine refused.
    """
    print(look())


def look() -> Kept:
    """Ask the engine; raises as `kept`."""
    from course.lesson import belongings
    from course.session.attach import ATTACHMENT
    from course.session.client import client

    session = ATTACHMENT.require()
    with client(session.url) as engine:
        owners = belongings.owners(session.id)
        return Kept(_bytes(engine.df()), _by_lesson(owners, belongings.holdings(engine)), session.id)


def _by_lesson(owners: Owners, things: Iterable[Belonging]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for thing in things:
        found.setdefault(owners.of(thing.key), Counter())[thing.kind] += 1
    return found


def _bytes(usage: dict[str, Any]) -> int:
    """From GET /system/df; a size that is not known is -1 or absent."""
    containers = sum(max(0, one.get("SizeRw") or 0) for one in usage.get("Containers") or ())
    volumes = sum(max(0, (one.get("UsageData") or {}).get("Size") or 0) for one in usage.get("Volumes") or ())
    return max(0, usage.get("LayersSize") or 0) + containers + volumes
