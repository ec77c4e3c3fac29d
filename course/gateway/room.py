"""Room at a session's door: how many connections may be open, and what happens to one more.

A client that is kept (`docker.from_env()` in a cell) holds a connection that nobody uses. So idle connections are never
a reason to refuse a call: past `Limits.idle_connections` the oldest one is closed. Calls that stream have a limit of
their own, whose refusal names them.

A connection must not be closed under a client that is sending its next request: docker-py does not try again. Its
urllib3 looks at a kept connection right before it writes, so the window is microseconds wide. Only a connection that
has rested for `RESTED` seconds is closed; while all are younger, answers say `Connection: close`: the client ends it.
"""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from aiohttp.web_protocol import RequestHandler

from course.gateway.connection import Connection
from course.gateway.policy.limits import Limits
from course.gateway.policy.refusal import Refusal
from course.gateway.policy.routes import Call
from course.gateway.scope import Scope

RESTED = 1.0  # seconds
SHORT_CALLS = 64  # calls that do not stream, beside as many streams as there may be: what ends streams still works
NEWCOMERS = 256  # connections beyond all limits; each gets a refusal in words, or takes the place of an older one
SHARE = 16  # a session has at most this part of the descriptors of the process as streams; each needs up to five
STREAMS = frozenset(
    {
        "system.events",
        "container.logs",
        "container.stats",
        "container.wait",
        "container.attach",
        "container.export",
        "container.archive.get",
        "container.archive.put",
        "exec.start",
        "image.build",
        "image.create",
        "image.load",
        "image.push",
        "image.save",
    }
)


class UnderWay(Protocol):
    """A call that has not ended; `Exchange` is one."""

    @property
    def call(self) -> Call:
        """What was asked."""

    @property
    def scope(self) -> Scope:
        """Whose call it is."""


class Room:
    """The connections of one session.

    Args:
        limits: of the session.
        connections: gives all that are open.
    """

    def __init__(self, limits: Limits, connections: Callable[[], Sequence[RequestHandler]]) -> None:
        self._idle_limit, self.streams = limits.idle_connections, min(limits.streams, descriptors() // SHARE)
        self._connections = connections
        self._later: asyncio.TimerHandle | None = None

    @property
    def most(self) -> int:
        """How many connections may be open at all."""
        return self._idle_limit + self.streams + SHORT_CALLS + NEWCOMERS

    def idle(self) -> list[Connection]:
        """The connections without a call, those that have rested longest first."""
        found = [one for one in self._connections() if isinstance(one, Connection) and one.idle]
        return sorted(found, key=lambda one: one.idle_since)

    @property
    def is_crowded(self) -> bool:
        """Whether a connection should end with its call, because no older one has rested long enough to go first."""
        if len(self._connections()) <= self._idle_limit:
            return False
        idle = self.idle()
        return len(idle) >= self._idle_limit and idle[0].idle_since > self._rested()

    def trim(self) -> None:
        """Close the oldest idle connections past the limit, and look again when younger ones have rested."""
        if len(self._connections()) <= self._idle_limit:
            return
        idle = self.idle()
        surplus = idle[: max(0, len(idle) - self._idle_limit)]
        for one in surplus:
            if one.idle_since <= self._rested() and not one.has_input:
                one.force_close()
        if any(one.transport is not None for one in surplus):
            self.trim_later()

    def trim_later(self) -> None:
        """Look again when what is idle from now on has rested; cheap while there are few connections."""
        if self._later is None and len(self._connections()) > self._idle_limit:
            self._later = asyncio.get_running_loop().call_later(RESTED, self._again)

    def squeeze(self) -> bool:
        """Make room for one more past all limits, at once; whether there is room now."""
        for one in self.idle():
            if not one.has_input:
                one.force_close()
                return True
        return False

    def close(self) -> None:
        """Look no more."""
        if self._later is not None:
            self._later.cancel()

    def _rested(self) -> float:
        return asyncio.get_running_loop().time() - RESTED

    def _again(self) -> None:
        self._later = None
        self.trim()

    def admit(self, call: Call, under_way: Iterable[UnderWay]) -> None:
        """Let a call begin that is under way already, if it is within the limits.

        Raises:
            Refusal: there are too many; it names the streams.
        """
        calls = list(under_way)
        if len(calls) <= self.streams:
            return
        streams = [one for one in calls if one.call.route in STREAMS]
        if (call.route in STREAMS and len(streams) >= self.streams) or len(calls) > self.streams + SHORT_CALLS:
            raise Refusal(
                "Too many streams are open",
                f"a session has at most {self.streams}, and has {listed(streams)}",
                "Read each to its end, or close it (`stream.close()`), or restart the kernel",
                status=503,
            )


def listed(streams: Iterable[UnderWay], most: int = 8) -> str:
    """Which streams are open, how many of each and on what, the most frequent first."""
    counts = Counter(_title(one) for one in streams).most_common()
    told = [f"{number} × {title}" for title, number in counts[:most]]
    rest = sum(number for _, number in counts[most:])
    return ", ".join([*told, f"{rest} others"] if rest else told)


def descriptors() -> int:
    """How many files this process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 20 if soft == resource.RLIM_INFINITY else soft


def raise_descriptors(wanted: int = 1 << 16) -> None:
    """Let this process have as many files open as the system allows it, up to `wanted`: shells give 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _title(one: UnderWay) -> str:
    """ "container.logs of web": the call and the learner's name for what it is on."""
    route, ref, scope = one.call.route, next(iter(one.call.params.values()), ""), one.scope
    try:
        if route == "exec.start":
            ref = scope.exec_container(scope.exec_instance(ref)) or ref
        if route.startswith(("container.", "exec.")):
            ref = scope.container_name(scope.container(ref)) or ref
    except Refusal:
        pass  # removed meanwhile: the word that was used is what there is
    return f"{route} of {ref[:80]}" if ref else route
