"""Questions about values that a learner's cells left: plain JSON only. No message shows the right answer."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from grader.checks.bench import Bench
from grader.checks.check import failed, not_attempted
from grader.checks.finding import find_container, find_image
from grader.checks.named import Container, Image, Value
from grader.checks.trial import Trial

LARGEST = 64 * 1024  # bytes of JSON
SHORTEST_ID = 12  # digits, as `docker ps` shows them
_KINDS = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    list: "a list",
    dict: "a mapping",
}


@dataclass(frozen=True)
class Fetched:
    """A value, or why there is none. `problem` is empty, `large`, or what was found that is not plain."""

    there: bool
    value: Any = None
    problem: str = ""


class _Kernel:
    """The values of the kernel that this runs in."""

    def fetch(self, name: str) -> bytes | None:
        from IPython import get_ipython

        shell = get_ipython()
        space: dict[str, Any] = shell.user_ns if shell is not None else {}
        if name not in space or space[name] is None or space[name] is ...:
            return None
        return plain_json(space[name])


def plain_json(value: Any) -> bytes:
    """A value as JSON of at most `LARGEST` bytes, without ever building a longer one.

    Raises:
        ValueError: it is no plain JSON (`not plain: <type>`), or too long (`large`).
    """
    parts, size = [], 0
    try:
        for part in json.JSONEncoder(allow_nan=False).iterencode(value):
            size += len(part)
            if size > LARGEST:
                raise ValueError("large")
            parts.append(part)
    except (TypeError, RecursionError):
        raise ValueError(f"a {type(value).__name__}") from None
    return "".join(parts).encode()


def fetch(bench: Bench, name: str) -> Fetched:
    """A value of the learner's; None, `...` and an empty text count as not there."""
    try:
        text = (bench.values or _Kernel()).fetch(name)
    except ValueError as error:
        return Fetched(True, problem=str(error) or "not plain")
    if text is None:
        return Fetched(False)
    if len(text) > LARGEST:
        return Fetched(True, problem="large")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return Fetched(True, problem="not plain")
    return Fetched(value is not None and value != "", value)


def there(subject: Value, kind: type | None, trial: Trial) -> str:
    """It is there, of the kind."""
    value = _value(trial, subject)
    if kind is not None and not _is(value, kind):
        raise failed("value.other_kind", name=subject.name, kind=_KINDS.get(kind, kind.__name__), seen=_kind(value))
    return f"{subject.name} is {_kind(value)}"


def equals(subject: Value, wanted: Any, trial: Trial) -> str:
    """It is equal, and of the same kind."""
    return _among(trial, subject, (wanted,))


def one_of(subject: Value, wanted: tuple[Any, ...], trial: Trial) -> str:
    """It is equal to one of them."""
    return _among(trial, subject, wanted)


def contains(subject: Value, wanted: tuple[str, ...], trial: Trial) -> str:
    """All words are in the text."""
    text = _text(trial, subject).casefold()
    missing = sum(1 for word in wanted if word.casefold() not in text)
    if missing:
        raise failed("value.lacks", name=subject.name, missing=missing, wanted=len(wanted))
    return f"{len(wanted)} found"


def length(subject: Value, at_least: int, trial: Trial) -> str:
    """It is long enough; spaces at the ends of a text do not count."""
    value = _value(trial, subject)
    if not isinstance(value, str | list | dict):
        raise failed("value.other_kind", name=subject.name, kind="a text or a list", seen=_kind(value))
    seen = len(value.strip() if isinstance(value, str) else value)
    if seen < at_least:
        raise failed("value.short", name=subject.name, seen=seen, wanted=at_least)
    return f"length {seen}"


def id_of(subject: Value, of: Image | Container, trial: Trial) -> str:
    """It is the id, in full or shortened, with or without `sha256:`."""
    text = _text(trial, subject).strip().removeprefix("sha256:")
    found = find_image(trial, of).id if isinstance(of, Image) else find_container(trial, of).id
    if len(text) < SHORTEST_ID or not found.removeprefix("sha256:").startswith(text):
        raise failed("value.other_id", name=subject.name)
    return "it is the id"


def _value(trial: Trial, subject: Value) -> Any:
    fetched = fetch(trial.bench, subject.name)
    if not fetched.there:
        raise not_attempted("value.absent", name=subject.name)
    if fetched.problem == "large":
        raise failed("value.large", name=subject.name, kilobytes=LARGEST // 1024)
    if fetched.problem:
        raise failed("value.not_plain", name=subject.name, seen=fetched.problem)
    return fetched.value


def _text(trial: Trial, subject: Value) -> str:
    value = _value(trial, subject)
    if not isinstance(value, str):
        raise failed("value.other_kind", name=subject.name, kind="a text", seen=_kind(value))
    return value


def _among(trial: Trial, subject: Value, wanted: tuple[Any, ...]) -> str:
    value = _value(trial, subject)
    if not any(_same(value, each) for each in wanted):
        raise failed("value.other", name=subject.name, kind=_kind(value))
    return "it is right"


def _same(value: Any, wanted: Any) -> bool:
    """Whether two values are equal and of the same kinds throughout: True is no 1, and 2.0 is no 2."""
    if isinstance(wanted, bool) or isinstance(value, bool):
        return value is wanted
    if isinstance(wanted, float) and isinstance(value, int | float):
        try:
            return math.isclose(value, wanted, rel_tol=1e-9)
        except OverflowError:  # a whole number that no float can hold
            return False
    if isinstance(wanted, list | tuple):
        return isinstance(value, list) and len(value) == len(wanted) and all(map(_same, value, wanted))
    if isinstance(wanted, dict):
        keys = {str(key): each for key, each in wanted.items()}
        return (
            isinstance(value, dict)
            and value.keys() == keys.keys()
            and all(_same(value[key], keys[key]) for key in keys)
        )
    return type(value) is type(wanted) and bool(value == wanted)


def _is(value: Any, kind: type) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _kind(value: Any) -> str:
    return next((words for kind, words in _KINDS.items() if type(value) is kind), "nothing")
