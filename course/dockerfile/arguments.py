"""What follows an instruction's keyword: flags, JSON lists, words, pairs (split_command.go, line_parsers.go)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from course.dockerfile.command import ParseError

SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What Go's unicode.IsSpace counts as space; Python's str.isspace has four more."""
_BYTE_SPACE = "\t\n\v\f\r \x85\xa0"  # the same for a byte that Go takes for a character
_BETWEEN = re.compile(r"[\t\v\f\r ]+")


@dataclass(frozen=True)
class Node:
    """An instruction: keyword, flags, and its arguments or (ONBUILD) the instruction inside."""

    name: str
    flags: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    json: bool = False
    child: Node | None = None


def node_of(line: str, escape: str) -> Node:
    """Read one logical line.

    Raises:
        ParseError: its arguments are not of the form that the instruction has.
    """
    name, *rest = _BETWEEN.split(line.strip(SPACE), maxsplit=1)
    flags, arguments = _flags(rest[0]) if rest else ([], "")
    arguments = arguments.strip(SPACE)
    if name.lower() == "onbuild":
        child = node_of(arguments, escape) if arguments else None
        return Node(name, tuple(flags), ("",) if child else (), child=child)
    values, is_json = _READERS.get(name.lower(), _ignored)(arguments, escape)
    return Node(name, tuple(flags), tuple(values), is_json)


def _flags(line: str) -> tuple[list[str], str]:
    """The `--name=value` words at the beginning, and the rest. Go reads bytes here, and so does this."""
    text = line.encode(errors="surrogatepass").decode("latin-1")
    flags: list[str] = []
    word, quote, blank_ok, inside, at = "", "", False, False, 0
    while at < len(text):
        char = text[at]
        if not inside:
            if char in _BYTE_SPACE:
                at += 1
                continue
            if text[at : at + 2] != "--":
                return flags, _as_text(text[at:])
            inside = True
        if not quote and char in _BYTE_SPACE:
            if word == "--":
                return flags, _as_text(text[at:])
            if blank_ok or word:
                flags.append(word)
            word, blank_ok, inside = "", False, False
        elif not quote and char in "'\"":
            quote, blank_ok = char, True
        elif (quote and char == quote) or (char == "\\" and at + 1 == len(text)):
            quote = ""
        else:
            at += char == "\\"
            word += text[at]
        at += 1
    if inside and word != "--" and (blank_ok or word):
        flags.append(word)
    return flags, ""


def _as_text(raw: str) -> str:
    return raw.encode("latin-1").decode(errors="replace")


Read = tuple[list[str], bool]  # the arguments, and whether they were a JSON list


def _ignored(rest: str, escape: str) -> Read:
    return [""], False  # an unknown instruction: the builder names it


def _text(rest: str, escape: str) -> Read:
    return [rest] if rest else [], False


def _split(rest: str, escape: str) -> Read:
    return _BETWEEN.split(rest) if rest else [], False


def _json_or_text(rest: str, escape: str) -> Read:
    found = _json(rest)
    return (found, True) if found is not None else _text(rest, escape)


def _json_or_split(rest: str, escape: str) -> Read:
    found = _json(rest)
    return (found, True) if found is not None else _split(rest, escape)


def _json(rest: str) -> list[str] | None:
    """A JSON list of strings at the beginning; None where there is no JSON. What follows it is not looked at."""
    text = rest.lstrip(SPACE)
    if not text.startswith("["):
        return None
    try:
        found, _ = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    if not all(isinstance(one, str) for one in found):
        raise ParseError("when using JSON array syntax, arrays must be comprised of strings only")
    return [re.sub("[\ud800-\udfff]", "\ufffd", one) for one in found]


def _number(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(text)  # Go refuses what no float64 holds
    return value


def _constant(text: str) -> None:
    raise ValueError(text)  # NaN and Infinity are Python's own


_DECODER = json.JSONDecoder(parse_float=_number, parse_int=_number, parse_constant=_constant)


def _health(rest: str, escape: str) -> Read:
    raw = rest.encode(errors="surrogatepass").decode("latin-1")
    kind = re.match(rf"[^{_BYTE_SPACE}]*", raw)
    assert kind is not None
    if not kind[0]:
        return [], False
    command, is_json = _json_or_text(_as_text(raw[kind.end() :].lstrip(_BYTE_SPACE)), escape)
    return [_as_text(kind[0]), *command], is_json


def _words(rest: str, escape: str) -> list[str]:
    """Words as a shell would part them; quotes and escape characters stay in."""
    words: list[str] = []
    word, quote, blank_ok, inside, at = "", "", False, False, 0
    while at < len(rest):
        char = rest[at]
        if not inside and char in SPACE:
            at += 1
            continue
        inside = True
        if not quote and char in SPACE:
            if blank_ok or word:
                words.append(word)
            word, blank_ok, inside = "", False, False
        elif char == escape and quote != "'":
            if at + 1 == len(rest):
                quote = ""
            else:
                at += 1
                word += char + rest[at]
        else:
            if not quote and char in "'\"":
                quote, blank_ok = char, True
            elif quote and char == quote:
                quote = ""
            word += char
        at += 1
    if inside and (blank_ok or word):
        words.append(word)
    return words


def _names(rest: str, escape: str) -> Read:
    return _words(rest, escape), False


def _pairs(keyword: str) -> Callable[[str, str], Read]:
    def read(rest: str, escape: str) -> Read:
        words = _words(rest, escape)
        if words and "=" not in words[0]:  # the old form: one name, then its value
            parts = _BETWEEN.split(rest, maxsplit=1)
            if len(parts) < 2:
                raise ParseError(f"{keyword} must have two arguments")
            return parts, False
        values: list[str] = []
        for word in words:
            name, sign, value = word.partition("=")
            if not sign:
                quoted = json.dumps(word, ensure_ascii=False)
                raise ParseError(f"Syntax error - can't find = in {quoted}. Must be of the form: name=value")
            values += [name, value]
        return values, False

    return read


_READERS: dict[str, Callable[[str, str], Read]] = {
    "add": _json_or_split,
    "arg": _names,
    "cmd": _json_or_text,
    "copy": _json_or_split,
    "entrypoint": _json_or_text,
    "env": _pairs("ENV"),
    "expose": _split,
    "from": _split,
    "healthcheck": _health,
    "label": _pairs("LABEL"),
    "maintainer": _text,
    "run": _json_or_text,
    "shell": _json_or_text,
    "stopsignal": _text,
    "user": _text,
    "volume": _json_or_split,
    "workdir": _text,
}
