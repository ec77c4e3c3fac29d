"""Two views of one session while marks count: the learner's, and that of the checks, which the learner's leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from course.gateway.scope import Scope

HIDDEN_KINDS = ("container", "exec", "network", "volume", "anonymous")


class _View(Scope):
    """A further view of a scope: the same state, looked at differently."""

    def __init__(self, whole: Scope) -> None:
        self.__dict__ = whole.__dict__


class ChecksView(_View):
    """What the checks see: everything. What they make is noted, so that the learner does not see it."""

    def _put(self, kind: str, key: str, value: str) -> None:
        if kind in HIDDEN_KINDS and key not in self._own[kind]:
            self.hidden.add(key)
            if kind == "exec":
                self.unfinished[key] = value
        super()._put(kind, key, value)


class LearnersView(_View):
    """What the learner sees: everything but what checks made, also when it is gone again."""

    def _seen(self, kind: str) -> Mapping[str, str]:
        own = self._own[kind]
        if not self.hidden or kind not in HIDDEN_KINDS:
            return own
        return {key: value for key, value in own.items() if key not in self.hidden}

    def shown_execs(self, exec_ids: Iterable[str]) -> list[str]:
        """Those that no check started."""
        return [one for one in exec_ids if one not in self.hidden]

    def hides(self, event: Mapping[str, Any]) -> bool:
        """Whether an event of the engine is about what a check did."""
        actor = event.get("Actor") or {}
        told = actor.get("Attributes") or {}
        about = (actor.get("ID"), told.get("execID"), told.get("container"))
        return not self.hidden.isdisjoint(about) or self.pause.covers(event)
