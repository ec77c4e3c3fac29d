"""What a submission reaches: the sockets of its sessions, the variables that name them, and as which user it does."""

from __future__ import annotations

import hashlib
import os
import pwd
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from course.session.machines import variable
from grader.examine.sandbox import view

if TYPE_CHECKING:
    from course.gateway import Session

MOST_MACHINES = 2
LOWEST_ID, IDS = 20_000, 40_000
_MACHINE = re.compile(rb"""\bmachine\(\s{0,40}(?:\\?["']([a-z][a-z0-9-]{0,20})\\?["'])?\s{0,40}\)""")
"""Bounded: what is looked through is a learner's, of any size, and an unbounded `\\s*` twice takes its square."""


def machines(files: Mapping[str, bytes], session: Session) -> dict[str, Session]:
    """Open the second machines that a submission asks for by name, two at most.

    Args:
        files: what was handed in, path to content.
        session: the session that they belong to.
    """
    from course.gateway import machine

    asked = {
        found[1].decode() if found[1] else "colleague" for text in files.values() for found in _MACHINE.finditer(text)
    }
    return {name: machine(session, name) for name in sorted(asked)[:MOST_MACHINES]}


def sockets(
    sessions: Mapping[str, Session], student: str, uid: int, *, inside: bool
) -> tuple[dict[str, Path], dict[str, str]]:
    """Give the sockets of sessions to a user.

    Args:
        sessions: the submission's own under "", further ones under the names of their machines.
        student: the learner's id, which chooses the values that differ between learners.
        uid: who is to use them; 0 changes nothing.
        inside: whether the variables name them as they are seen in the sandbox.

    Returns:
        paths inside to paths outside, and the variables of the kernel.
    """
    seen: dict[str, Path] = {}
    variables = {"DOCKER_BUILDKIT": "0", "SLIPWAY_SESSION": sessions[""].id, "SLIPWAY_LEARNER": student}
    for name, session in sessions.items():
        outside, path = Path(session.url.removeprefix("unix://")), f"{view.RUN}/{name or 'engine'}.sock"
        seen[path] = outside
        variables[variable(name) if name else "DOCKER_HOST"] = f"unix://{path}" if inside else session.url
        if uid:
            os.chown(outside, uid, uid)  # its mode keeps it to one user; inside, that is the learner
    return seen, variables


def nobody(sid: str) -> int:
    """A user id that nobody on this machine has, and hardly another session: limits that Linux counts by user.

    It is among the 65,536 that an engine with remapped ids can map: a file that is copied into a container keeps it.
    """
    first = int.from_bytes(hashlib.blake2b(sid.encode(), digest_size=8).digest())
    candidates = (LOWEST_ID + (first + step) % IDS for step in range(IDS))
    return next(uid for uid in candidates if not _is_somebody(uid))


def _is_somebody(uid: int) -> bool:
    try:
        return bool(pwd.getpwuid(uid))
    except KeyError:
        return False
