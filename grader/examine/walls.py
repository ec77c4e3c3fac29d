"""The walls between what learners hand in and everything else, and which of them this machine has: SECURITY.md."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from course.doctor import Finding


@dataclass(frozen=True)
class Wall:
    """One wall.

    Args:
        name: a word for it.
        keeps: what SECURITY.md says of it.
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
        Wall("reader", "of a learner's folder only the contents of their own regular files are read"),
        needs("sandbox", "sandbox", "the learner's cells run in a sandboxed kernel"),
        needs("sandbox", "examiner process", "marks come from another one"),
        Wall("session policy", "a session accepts a closed list of Engine API calls and rebuilds each request"),
        needs("firewall", "firewall", "a grading session has no way out of its networks"),
    ]
