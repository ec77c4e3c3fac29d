"""Quotas in words, and places held under them while something is being made."""

from __future__ import annotations

from collections import Counter
from types import TracebackType

from course.gateway.policy.refusal import Refusal


class Reservation:
    """A place taken under a quota from `with` until the object is in the ledger (or the work is over)."""

    def __init__(self, pending: Counter[str], quota: str, amount: int) -> None:
        self._pending, self._quota, self._amount = pending, quota, amount

    def __enter__(self) -> None:
        self._pending[self._quota] += self._amount

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._pending[self._quota] -= self._amount


def over(quota: str, limit: int, used: int, amount: int) -> Refusal:
    """The refusal of what would be over a quota; it names the quota, what is used, and what to do."""
    return Refusal(
        f"the session's quota of {_WORDS[quota][0]} is {_shown(quota, limit)}",
        f"{_shown(quota, used)} {'is' if used == 1 else 'are'} used and {_shown(quota, amount)} more asked for",
        _WORDS[quota][1],
    )


def near(quota: str, limit: int, used: int, share: float) -> str:
    """The warning before a quota's end; "" while less than that share of it is used."""
    if share >= 1 or used < limit * share:
        return ""
    return (
        f"{_shown(quota, used)} of the session's {_shown(quota, limit)} {_WORDS[quota][0]} are used. {_WORDS[quota][1]}"
    )


def _shown(quota: str, amount: int) -> str:
    return f"{amount / 1024**2:.0f} MiB" if quota == "bytes_written" else str(amount)


_MADE = "Remove what you no longer need: the reset() cell of a lesson removes all that it made, {} one of them"
_WORDS = {
    "containers": ("containers", _MADE.format("container.remove()")),
    "images": ("images", _MADE.format("client.images.remove(…)")),
    "networks": ("networks", _MADE.format("network.remove()")),
    "volumes": ("volumes", _MADE.format("volume.remove()")),
    "ports": ("published ports", _MADE.format("container.remove()")),
    "bytes_written": ("bytes written", "Remove containers, volumes or images that you no longer need"),
    "files_written": ("files written", "Remove containers, volumes or images that you no longer need"),
    "builds": ("builds at once", "Wait until a build has ended"),
    "execs": ("commands run in containers at once", "Wait until one has ended"),
}
