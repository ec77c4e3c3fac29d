"""A Markdown cell as plain prose, without code, links and markup, and how hard it is to read."""

from __future__ import annotations

import re

TRADE_WORDS = frozenset(
    {
        "container", "containers", "image", "images", "engine", "docker", "python", "dockerfile",
        "misconception", "misconceptions", "kernel", "directory", "application", "environment",
        "registry", "exercise", "exercises", "instruction", "instructions",
    }
)  # fmt: skip
"""Words of the trade that every lesson must use; each counts as two syllables, so that they do not hide hard prose."""

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`]*`")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_HTML = re.compile(r"<[^>]+>")
_TABLE_RULE = re.compile(r"^\s*\|?[\s:|-]+\|?\s*$", re.MULTILINE)
_MARKS = re.compile(r"[#*_>|]+")
_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?")
_SENTENCE_END = re.compile(r"[.!?:;](?:\s|$)|\n\s*\n|\n(?=\s*(?:[-*|]|\d+\.)\s)|\|")
_VOWELS = re.compile(r"[aeiouy]+")


def prose(markdown: str) -> str:
    """The text of a Markdown cell as it is read; code is replaced by the one word `code`."""
    text = _FENCE.sub("", markdown)
    text = _CODE.sub("code", text)
    text = _LINK.sub(r"\1", text)
    return _TABLE_RULE.sub("", _HTML.sub(" ", text))


def words(markdown: str) -> list[str]:
    """The words of a Markdown cell, in order."""
    return _WORD.findall(prose(markdown))


def syllables(word: str) -> int:
    """About how many syllables an English word has: its groups of vowels, without a silent e at the end."""
    lower = word.lower()
    if lower in TRADE_WORDS:
        return 2
    count = len(_VOWELS.findall(lower))
    silent = lower.endswith("e") and not lower.endswith(("le", "ee"))
    silent |= lower.endswith("ed") and not lower.endswith(("ted", "ded"))
    return max(1, count - silent)


def grade(markdown: str) -> float:
    """The Flesch-Kincaid grade: years of school that a reader needs (Kincaid and others, 1975).

    Returns:
        0 for a text without words.
    """
    text = prose(markdown)
    sentences = [part for part in _SENTENCE_END.split(text) if _WORD.search(part)]
    found = _WORD.findall(_MARKS.sub(" ", text))
    if not found:
        return 0.0
    per_word = sum(syllables(word) for word in found) / len(found)
    return 0.39 * len(found) / len(sentences) + 11.8 * per_word - 15.59
