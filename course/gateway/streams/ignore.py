"""Whether a .dockerignore leaves out a path, by the rules of moby's patternmatcher, in time linear in its length.

The engine asks this of the Dockerfile and of .dockerignore itself; all other files were left out by the client.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[(\^?)((?:\\.|[^\]\\])+)\]|\\(.)|(.)", re.DOTALL)
_RANGE = re.compile(r"(\\.|[^\\])(?:-(\\.|[^\\]))?", re.DOTALL)
_STAR: Final = "*"  # any letters of one path segment
_DEEP: Final = "**"  # any letters
_INSIDE: Final = "**/"  # any letters, the last a slash
_ENTER: Final = "(**/)"  # the beginning of _INSIDE, which may be left out as a whole
_ANY: Final = "?"


@dataclass(frozen=True)
class _Letters:
    """One letter out of some ranges, or out of all but these."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool = False

    def holds(self, letter: str) -> bool:
        return any(low <= letter <= high for low, high in self.ranges) != self.negated


Token = str | _Letters


def ignores(dockerignore: str, path: str) -> bool:
    """Whether the last pattern that matches the path, or a folder above it, leaves it out.

    Args:
        dockerignore: the file's text.
        path: clean and relative.
    """
    parts = path.split("/")
    folders = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    ignored = False
    for line in dockerignore.removeprefix("\ufeff").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        pattern = line.strip()
        out = not pattern.startswith("!")
        tokens = _tokens(_clean(pattern.removeprefix("!").strip()))
        if out != ignored and any(_matches(tokens, folder) for folder in folders):
            ignored = out
    return ignored


def _clean(pattern: str) -> str:
    return "/".join(part for part in pattern.split("/") if part not in ("", "."))


def _tokens(pattern: str) -> list[Token]:
    tokens: list[Token] = []
    for found in _TOKEN.finditer(pattern):
        text = found[0]
        if text == "**/":
            tokens += [_ENTER, _INSIDE]
        elif text in ("**", "*", "?"):
            tokens.append(text)
        elif found[2]:
            tokens.append(_set(found[1], found[2]))
        else:
            letter = found[3] or found[4]
            tokens.append(_Letters(((letter, letter),)))
    return tokens


def _set(negated: str, inner: str) -> _Letters:
    ranges: list[tuple[str, str]] = []
    for low, high in _RANGE.findall(inner):
        low, high = low.removeprefix("\\") or low, high.removeprefix("\\")
        ranges.append((low, high or low))
    return _Letters(tuple(ranges), bool(negated))


def _matches(tokens: list[Token], text: str) -> bool:
    """Follow all paths through the pattern at the same time."""
    states = _closure(tokens, {0})
    for letter in text:
        after: set[int] = set()
        for state in states:
            token = tokens[state] if state < len(tokens) else _ENTER
            if isinstance(token, _Letters):
                after |= {state + 1} if token.holds(letter) else set()
            elif token == _ANY and letter != "/":
                after.add(state + 1)
            elif token == _DEEP or (token == _STAR and letter != "/"):
                after.add(state)
            elif token == _INSIDE:
                after |= {state, state + 1} if letter == "/" else {state}
        states = _closure(tokens, after)
    return len(tokens) in states


def _closure(tokens: list[Token], states: set[int]) -> set[int]:
    reached, pending = set(states), list(states)
    while pending:
        state = pending.pop()
        token = tokens[state] if state < len(tokens) else None
        further = {_ENTER: (state + 1, state + 2), _STAR: (state + 1,), _DEEP: (state + 1,)}.get(str(token), ())
        for number in further:
            if number not in reached:
                reached.add(number)
                pending.append(number)
    return reached
