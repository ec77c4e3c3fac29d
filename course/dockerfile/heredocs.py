"""Which here-documents a line announces: the words of a shell (shell/lex.go), with no variable set."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from course.dockerfile.arguments import SPACE
from course.dockerfile.command import ParseError

_WORD = re.compile(r"([0-9]*)<<(-?)([^<]*)")
_MOST = 2**64 - 1  # strconv.ParseUint gives this for a larger number
_SPECIAL = "@*#?-$!0"


@dataclass(frozen=True)
class Announced:
    """A here-document that follows: its name, its file descriptor, and whether tabs before its end are skipped."""

    name: str
    file_descriptor: int
    chomp: bool


def heredocs_of(line: str) -> list[Announced]:
    """Those that a line announces, in order.

    Raises:
        ParseError: a word after `<<` cannot be read.
    """
    if "<<" not in line:
        return []
    try:
        words = _Lexer(line, raw_quotes=True, raw_escapes=True).words()
    except ParseError:
        return []
    except RecursionError:  # BuildKit may find one where this cannot look
        raise ParseError("variables are nested too deeply in a line with <<") from None
    return [found for word in words if (found := _announced(word)) is not None]


def _announced(word: str) -> Announced | None:
    found = _WORD.fullmatch(word)
    if found is None or not found[3]:
        return None
    names = _Lexer(found[3]).words()
    if len(names) != 1:
        return None
    if len(_Lexer(found[3], raw_quotes=True).words()) != 1:
        raise ParseError(f"internal lexing of heredoc produced inconsistent results: {found[3]}")
    return Announced(names[0], min(int(found[1] or "0"), _MOST), found[2] == "-")


class _Lexer:
    """Splits a text into words; variables stay as they are, because none is set."""

    def __init__(self, text: str, *, raw_quotes: bool = False, raw_escapes: bool = False) -> None:
        self._text = text
        self._at = 1 if text.startswith("\ufeff") else 0
        self._raw_quotes = raw_quotes
        self._raw_escapes = raw_escapes

    def words(self) -> list[str]:
        """Raises ParseError where a quote or a brace has no end."""
        try:
            return self._until("")[1]
        except ParseError as error:
            raise ParseError(f"failed to process {json.dumps(self._text, ensure_ascii=False)}: {error}") from None

    def _peek(self) -> str:
        return self._text[self._at] if self._at < len(self._text) else ""

    def _next(self) -> str:
        char = self._peek()
        self._at += len(char)
        return char

    def _until(self, stop: str) -> tuple[str, list[str]]:
        result, words = "", _Words()
        while char := self._peek():
            if char == stop:
                self._next()
                return result, words.all()
            if char == "$":
                part = self._dollar()
                words.add(part)
                result += part
            elif char in "'\"":
                part = self._single() if char == "'" else self._double()
                words.add_raw(part)
                result += part
            elif self._next() == "\\":
                raw = char if self._raw_escapes else ""
                escaped = self._next()
                if raw or escaped:
                    words.add_raw(raw + escaped)
                result += raw + escaped
            else:
                words.add(char)
                result += char
        if stop:
            raise ParseError(f"unexpected end of statement while looking for matching {stop}")
        return result, words.all()

    def _single(self) -> str:
        begin = self._at
        end = self._text.find("'", begin + 1)
        if end < 0:
            self._at = len(self._text)
            raise ParseError("unexpected end of statement while looking for matching single-quote")
        self._at = end + 1
        return self._text[begin : end + 1] if self._raw_quotes else self._text[begin + 1 : end]

    def _double(self) -> str:
        result = self._next() if self._raw_quotes else self._next()[:0]
        while char := self._peek():
            if char == '"':
                self._next()
                return result + char if self._raw_quotes else result
            if char == "$":
                result += self._dollar()
                continue
            self._next()
            if char == "\\":
                result += char if self._raw_escapes else ""
                if not self._peek():
                    continue
                if self._peek() in '"$\\':
                    char = self._next()
            result += char
        raise ParseError("unexpected end of statement while looking for matching double-quote")

    def _dollar(self) -> str:
        self._next()
        if self._peek() != "{":
            return f"${self._name()}"
        self._next()
        if not self._peek():
            raise ParseError("syntax error: missing '}'")
        if self._peek() in "{}:":
            raise ParseError("syntax error: bad substitution")
        name, modifier = self._name(), self._next()
        if modifier == "}":
            return f"${{{name}}}"
        if modifier == ":":
            modifier += self._next()
        elif modifier not in ("+", "-", "?"):
            raise ParseError(f"unsupported modifier ({modifier or chr(0xFFFD)}) in substitution")
        try:
            word, _ = self._until("}")
        except ParseError:
            if not self._peek():
                raise ParseError("syntax error: missing '}'") from None
            raise
        return f"${{{name}{modifier}{word}}}"

    def _name(self) -> str:
        if self._peek().isdecimal():
            return self._run(str.isdecimal)
        if self._peek() and self._peek() in _SPECIAL:
            return self._next()
        return self._run(lambda char: char.isalpha() or char.isdecimal() or char == "_")

    def _run(self, belongs: Callable[[str], bool]) -> str:
        begin = self._at
        while self._peek() and belongs(self._peek()):
            self._next()
        return self._text[begin : self._at]


class _Words:
    """Words while they are found; a space ends one."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self._word: list[str] = []

    def add(self, text: str) -> None:
        for char in text:
            if char not in SPACE:
                self._word.append(char)
            elif self._word:
                self.all()

    def add_raw(self, text: str) -> None:
        self._word += [text] if text else []

    def all(self) -> list[str]:
        if self._word:
            self._found.append("".join(self._word))
            self._word = []
        return self._found
