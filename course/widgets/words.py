"""The words and symbols of the pictures: a state is always a symbol and a word."""

from __future__ import annotations

from collections.abc import Sequence

SYMBOLS = {
    "created": "○",
    "running": "▶",
    "paused": "‖",
    "restarting": "↻",
    "removing": "…",
    "exited": "■",
    "dead": "✗",
    "removed": "✗",
}


def state_words(status: str, exit_code: int | None = None) -> str:
    """A container's state, such as "■ exited (0)"."""
    code = f" ({exit_code})" if exit_code is not None and status in ("exited", "dead") else ""
    return f"{SYMBOLS.get(status, '?')} {status or 'unknown'}{code}"


def size_words(size: int) -> str:
    """A size in bytes as people say it, such as "2.1 MB" (decimal, as the docker command does)."""
    value, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" or value >= 10 else f"{value:.1f} {unit}"


def counted(number: int, one: str) -> str:
    """A number with its noun, such as "1 layer" or "3 layers"."""
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


def listed(names: Sequence[str], most: int = 3) -> str:
    """A few names, and how many more there are."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def far_words(what: str, done: int, total: int | None = None) -> str:
    """How far something is in bytes, such as "shop:1 2 MB of 101 MB"."""
    return f"{what} {size_words(done)}" + (f" of {size_words(total)}" if total else "")


def plain(text: str, most: int = 200) -> str:
    """A text from outside on one line that any front end can show: what cannot be printed is "�", a long one is cut."""
    shown = text.encode(errors="surrogateescape").decode(errors="replace")[: most + 1]
    shown = "".join(letter if letter.isprintable() else "�" for letter in shown)
    return shown if len(shown) <= most else f"{shown[:most]}…"
