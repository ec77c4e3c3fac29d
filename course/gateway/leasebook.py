"""The gateway's side of leases: who holds which session, since when nobody does."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from course.gateway.ledger import Ledger
from course.gateway.peer import Process

KIND, KEEP, USED = "lease", "keep", "used"  # in the ledger, beside the objects
KEPT = "kept"  # the token of a session that was opened without a process that holds it
USED_STEP = 60.0  # seconds between two notes of the last use in the ledger
FIRST_LEASE = 30.0  # seconds that an opened session waits for its first lease


@dataclass
class Tenure:
    """Who holds one family of sessions (a session and its machines).

    Args:
        grace: seconds between the last lease and the end.
        patience: seconds that the family may be without a lease now.
        idle_since: when the last lease went (time.monotonic), None while there is one.
        holders: the holding process by lease token.
        keep: seconds without use after which a session ends that is kept for its owner; 0 for one that is not.
        used: when it was last used, and noted: seconds since the epoch, as a machine may be off meanwhile.
    """

    grace: float
    patience: float
    idle_since: float | None = field(default_factory=time.monotonic)
    holders: dict[str, Process] = field(default_factory=dict)
    keep: float = 0.0
    used: float = field(default_factory=time.time)
    noted: float = 0.0

    @property
    def in_use(self) -> bool:
        """Whether a process holds it."""
        return bool(self.holders.keys() - {KEPT})


class LeaseBook:
    """The leases of all families, written through to the ledger so that the next gateway knows the holders.

    A lease ends with its connection or with the death of its process, whichever is seen first: a forked child keeps
    the connection open after its parent's death (GATEWAY.md, item 33).

    Args:
        ledger: where leases are kept.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._tenures: dict[str, Tenure] = {}

    def admit(self, family: str, grace: float) -> None:
        """Take in a family that was opened: it has a while to get its first lease."""
        self._tenures[family] = Tenure(grace, max(grace, FIRST_LEASE))

    def keep_for(self, family: str, seconds: float) -> None:
        """Keep a family for its owner, whoever holds it or not, until it was not used for so long."""
        self._tenures[family].keep = seconds
        self._ledger.put(family, KEEP, "", str(seconds))
        self.use(family)

    def use(self, family: str, when: float | None = None) -> None:
        """Note that a family is, or was, used."""
        tenure = self._tenures.get(family)
        if tenure is None or not tenure.keep:
            return
        tenure.used = max(tenure.used, time.time() if when is None else when)
        if tenure.used - tenure.noted >= USED_STEP:
            tenure.noted = tenure.used
            self._ledger.put(family, USED, "", str(tenure.used))

    def is_kept(self, family: str) -> bool:
        """Whether a family stays when nobody holds it."""
        return family in self._tenures and self._tenures[family].keep > 0

    def readmit(self, family: str, grace: float) -> None:
        """Take in a family of an earlier gateway, with the leases whose processes live; else its grace starts now."""
        tenure = self._tenures[family] = Tenure(grace, grace)  # used now, if the ledger does not say when
        for entry in list(self._ledger.entries(family)):
            if entry.kind == KEEP:
                tenure.keep = float(entry.value)
            elif entry.kind == USED:
                tenure.used = tenure.noted = float(entry.value)
            if entry.kind != KIND:
                continue
            pid, _, started = entry.value.partition(":")
            process = Process(int(pid), int(started))
            if entry.key == KEPT or (process.pid and process.alive()):
                tenure.holders[entry.key] = process
            else:
                self._ledger.drop(family, KIND, entry.key)
        if tenure.holders:
            tenure.idle_since = None

    def hold(self, family: str, token: str, process: Process) -> None:
        """Record a lease; the same token again is the same holder, back after a break."""
        tenure = self._tenures[family]
        self._ledger.put(family, KIND, token, f"{process.pid}:{process.started}")
        tenure.holders[token] = process
        tenure.idle_since = None
        self.use(family)

    def hold_open(self, family: str) -> None:
        """Hold a family without a process."""
        self.hold(family, KEPT, Process(0))

    def release(self, family: str, token: str) -> None:
        """End a lease; with the last one the grace begins."""
        tenure = self._tenures.get(family)
        if tenure is None or tenure.holders.pop(token, None) is None:
            return
        self._ledger.drop(family, KIND, token)
        self.use(family)
        if not tenure.holders:
            tenure.idle_since, tenure.patience = time.monotonic(), tenure.grace

    def drop_dead(self) -> None:
        """End the leases of processes that are gone; what is held is in use."""
        for family, tenure in self._tenures.items():
            if tenure.in_use:
                self.use(family)
            for token in [token for token, process in tenure.holders.items() if not process.alive()]:
                self.release(family, token)

    def holders(self, family: str) -> int:
        """How many leases a family has."""
        return len(self._tenures[family].holders) if family in self._tenures else 0

    def holds(self, family: str, token: str) -> bool:
        """Whether a family has that lease."""
        return family in self._tenures and token in self._tenures[family].holders

    def expired(self) -> list[str]:
        """The families whose grace is over, and the kept ones that nobody used for too long."""
        return [family for family, tenure in self._tenures.items() if _is_over(tenure)]

    def forget(self, family: str) -> None:
        """Drop a family that has ended."""
        self._tenures.pop(family, None)


def _is_over(tenure: Tenure) -> bool:
    if tenure.keep:
        return not tenure.in_use and time.time() - tenure.used >= tenure.keep
    return tenure.idle_since is not None and time.monotonic() - tenure.idle_since >= tenure.patience
