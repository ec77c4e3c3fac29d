"""Learners' text on a terminal, in a table or on a page: what could act there is shown escaped."""

from __future__ import annotations

import unicodedata

_JOINERS = "\u200c\u200d"  # part of words in Persian and Hindi, and of emoji; they move nothing


def shown(text: str, *, lines: bool = False) -> str:
    """Text with control characters, direction marks and line ends as escapes: ESC is `\\x1b`.

    Args:
        text: anything.
        lines: leave line feeds and tabs as they are.
    """
    if text.isprintable():
        return text
    return "".join(sign if _is_harmless(sign, lines) else _escape(sign) for sign in text)


def _is_harmless(sign: str, lines: bool) -> bool:
    if sign.isprintable() or sign in _JOINERS or unicodedata.category(sign) == "Zs":
        return True
    return lines and sign in "\n\t"


def _escape(sign: str) -> str:
    return sign.encode("unicode_escape", "backslashreplace").decode("ascii")
