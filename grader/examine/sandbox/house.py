"""What all sandboxes of one process share: the copy of the lessons, the warm parent, the fences."""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from course.manifest import notebooks_dir
from grader.examine import scratch
from grader.examine.errors import NotIsolated
from grader.examine.sandbox import inside, view
from grader.examine.sandbox.fence import Fences
from grader.examine.sandbox.isolation import available
from grader.examine.sandbox.place import Place
from grader.examine.sandbox.warm_parent import WarmParent

if TYPE_CHECKING:
    from grader.examine.job import Budgets


class House:
    """Makes places for submissions. Close it when no more are to come. `scratch` is a folder for files of theirs.

    `parent` is the warm parent, None where there is none.

    Args:
        warm: whether kernels are forked from a warm parent where that is possible.
    """

    def __init__(self, *, warm: bool = True) -> None:
        scratch.sweep()
        self.scratch = scratch.make()
        self._lessons = view.lessons_copy(notebooks_dir(), self.scratch / "lessons")
        self.fences = Fences()
        self.parent = WarmParent(view.environment({})) if warm and WarmParent.possible() else None

    def __repr__(self) -> str:
        return f"<House, {self.parent or 'no warm parent'}>"

    def place(
        self,
        sockets: Mapping[str, Path],
        variables: Mapping[str, str],
        budgets: Budgets,
        uid: int,
        *,
        room: int = 0,
        trusted: bool,
    ) -> Place:
        """A new place.

        Args:
            sockets: path inside to path outside.
            variables: the environment inside.
            budgets: what it may use.
            uid: who runs the cells there; 0 for this user.
            room: bytes for the files that were handed in, beside what cells may write.
            trusted: whether it needs no sandbox.

        Raises:
            NotIsolated: no sandbox can be made here.
            ExamineError: bubblewrap failed.
        """
        if not trusted and not (can := available()):
            raise NotIsolated("a sandbox for a learner's cells", can.observed, can.try_next)
        fence = self.fences.make(secrets.token_hex(6), memory_bytes=budgets.memory_bytes, processes=budgets.processes)
        if trusted:
            return Place((), fence, None, variables, contextlib.nullcontext())
        # the files stay until the place ends: bubblewrap looks at them when it has long begun
        kept = tempfile.TemporaryDirectory(dir=self.scratch)
        etc = {"passwd": view.passwd(uid or os.geteuid()), "group": view.group(uid or os.getegid())}
        for name, content in etc.items():
            Path(kept.name, name).write_bytes(content)
        words = view.arguments(
            lessons=self._lessons,
            inside=Path(str(inside.__file__)),
            sockets=sockets,
            etc={name: Path(kept.name, name) for name in etc},
            disk_bytes=budgets.disk_bytes + room,
            variables=variables,
        )
        return Place(words, fence, self.parent, variables, kept)

    def close(self) -> None:
        """End the warm parent, and remove the copies."""
        if self.parent is not None:
            self.parent.kill()
        shutil.rmtree(self.scratch, ignore_errors=True)


_turn = threading.Lock()
_shared: dict[int, House] = {}


def shared() -> House:
    """The house of this process, made when it is first asked for and closed when the process ends."""
    with _turn:
        if os.getpid() not in _shared:  # a fork does not use that of its parent
            _shared[os.getpid()] = House()
            atexit.register(close_shared)
        return _shared[os.getpid()]


def close_shared() -> None:
    """Close the house of this process; the next sandbox makes another."""
    with _turn:
        if mine := _shared.pop(os.getpid(), None):
            mine.close()
