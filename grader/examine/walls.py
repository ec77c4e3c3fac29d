"""The walls between what learners hand in and everything else, and which of them stand on this machine: SECURITY.md."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from course.engine.doctor import Finding


@dataclass(frozen=True)
class Wall:
    """One wall.

    Args:
        name: what SECURITY.md calls it.
        keeps: what it keeps apart.
        stands: whether it does here.
        missing: the finding that says why not; "" where it stands.
    """

    name: str
    keeps: str
    stands: bool = True
    missing: str = ""

    @property
    def line(self) -> str:
        """The wall as one line of text."""
        return f"{'✓' if self.stands else '✗'} {self.name}: " + (self.keeps if self.stands else f"down, {self.missing}")


def walls(findings: Iterable[Finding]) -> list[Wall]:
    """The walls, by what `doctor.examine` found."""
    down = {one.what: f"{one.found}; {one.mend}" for one in findings if not one.ok}

    def needs(what: str, name: str, keeps: str) -> Wall:
        return Wall(name, keeps, what not in down, down.get(what, ""))

    return [
        Wall("reader", "of a learner's folder only the contents of their own regular files come in"),
        needs("sandbox", "sandbox", "learners' cells have no network, no file and no process of this machine"),
        needs("sandbox", "examiner process", "checks and marks are out of the reach of learners' cells"),
        needs("firewall", "session policy `grading`", "a submission sees and reaches only what it made itself"),
        needs("firewall", "firewall", "its containers reach neither this machine nor anything outside"),
    ]
