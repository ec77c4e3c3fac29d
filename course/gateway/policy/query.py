"""Typed, closed reading of the query of each call.

Go takes the first of a repeated parameter, Python's dict the last: a repeated one is refused where one is meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from course.gateway.policy import wire
from course.gateway.policy.fields import Pairs
from course.gateway.policy.refusal import Refusal
from course.gateway.policy.routes import INSTEAD_OF_BUILDKIT, Call

_FALSE = frozenset(("", "0", "no", "false", "none"))  # moby, api/server/httputils/form.go
_TRUE = frozenset(("1", "true", "yes", "on", "t"))  # Go takes every other word as true; here it must be one of these

Reader = Callable[[str, list[str]], Any]


@dataclass(frozen=True)
class Query:
    """The parameters that were sent, typed by the table; those that were not sent are absent."""

    values: Mapping[str, Any] = field(default_factory=dict)

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean, read the Go way."""
        value = self.values.get(name)
        return default if value is None else bool(value)

    def number(self, name: str, default: int | None = None) -> int | None:
        """A whole number within the caps of the table."""
        value = self.values.get(name)
        return default if value is None else int(value)

    def text(self, name: str, default: str = "") -> str:
        """A string."""
        value = self.values.get(name)
        return default if value is None else str(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """A parameter that may be repeated."""
        return tuple(self.values.get(name, ()))

    def table(self, name: str) -> dict[str, Any]:
        """A parameter that is a JSON object (buildargs, labels)."""
        return dict(self.values.get(name, {}))

    def filters(self) -> dict[str, tuple[str, ...]]:
        """The filters, each key one of those the call knows; {} when none was sent."""
        return dict(self.values.get("filters", {}))


def parse(call: Call, *, reaching: bool = False) -> Query:
    """Type the query of a call.

    Args:
        call: the call.
        reaching: whether the session's policy names registries; then an import is one of the calls.

    Raises:
        Refusal: 400 for a value of the wrong form or a parameter sent twice, 403 for one that may not be used.
    """
    table = (_REACHING if reaching and call.route in _REACHING else _PARAMETERS).get(call.route, {})
    answer: dict[str, Any] = {}
    for name, values in call.query.items():
        reader = table.get(name)
        if reader is None:
            if any(values):
                raise Refusal(f"the parameter {name} of {call.route}", "it may not be used in a session")
            continue
        value = reader(name, values)
        if value is not None:
            answer[name] = value
    return Query(answer)


def _one(name: str, values: list[str]) -> str:
    if len(values) != 1:
        raise Refusal(f"the parameter {name}", "it is there more than once", status=400)
    return values[0]


def _flag(name: str, values: list[str]) -> bool:
    word = _one(name, values).strip().lower()
    if word not in _TRUE and word not in _FALSE:
        raise Refusal(f"the parameter {name}={word!r}", "expected true or false", status=400)
    return word in _TRUE


def _flag_or_unset(name: str, values: list[str]) -> bool | None:
    """For parameters whose default is true: an empty value leaves the default (BoolValueOrDefault)."""
    return _flag(name, values) if _one(name, values) else None


def _number(least: int, most: int) -> Reader:
    def read(name: str, values: list[str]) -> int | None:
        word = _one(name, values)
        if word == "":
            return None
        if not re.fullmatch("-?[0-9]{1,18}", word, re.ASCII) or not least <= int(word) <= most:
            raise Refusal(f"the parameter {name}={word!r}", f"expected a number from {least} to {most}", status=400)
        return int(word)

    return read


def _text(pattern: str = "[^\x00-\x1f]*", expected: str = "plain text", cap: int = 4096) -> Reader:
    def read(name: str, values: list[str]) -> str:
        word = _one(name, values)
        if len(word) > cap or not re.fullmatch(pattern, word):
            raise Refusal(f"the parameter {name}={word[:80]!r}", f"expected {expected}", status=400)
        return word

    return read


def _texts(name: str, values: list[str]) -> tuple[str, ...]:
    if len(values) > 100:
        raise Refusal(f"the parameter {name}", "more than 100 values", status=400)
    return tuple(value for value in values if value)


def _drop(name: str, values: list[str]) -> None:
    """A parameter that clients send and that says nothing here, or that the gateway sets itself."""


def _refuse(why: str, instead: str = "", also: tuple[str, ...] = ()) -> Reader:
    def read(name: str, values: list[str]) -> None:
        for value in values:
            if value.strip().lower() not in (*_FALSE, "null", "[]", "{}", *also):
                raise Refusal(f"the parameter {name}", why, instead)

    return read


def _object(name: str, values: list[str]) -> dict[str, str | None] | None:
    """A JSON object of strings, null allowed (a build argument without a value)."""
    word = _one(name, values)
    tree = wire.parse(word.encode())
    if tree is None:
        return None
    if not isinstance(tree, Pairs) or not all(item is None or isinstance(item, str) for _, item in tree):
        raise Refusal(f"the parameter {name}", "expected a JSON object of strings", status=400)
    if len(dict(tree)) != len(tree):
        raise Refusal(f"the parameter {name}", "a key is there twice", status=400)
    return dict(tree)


def _filters(*keys: str) -> Reader:
    """filters={"key": ["value"]} or, as the CLI writes it, {"key": {"value": true}}; only keys that the call knows."""

    def read(name: str, values: list[str]) -> dict[str, tuple[str, ...]] | None:
        tree = wire.parse(_one(name, values).encode())
        if tree is None:
            return None
        if not isinstance(tree, Pairs):
            raise Refusal("filters", "expected a JSON object", status=400)
        answer: dict[str, tuple[str, ...]] = {}
        for key, inner in tree:
            if key not in keys:
                raise Refusal(f"the filter {key!r}", f"this call knows {', '.join(sorted(keys))}", status=400)
            if key in answer:
                raise Refusal(f"the filter {key!r}", "it is there twice", status=400)
            answer[key] = _filter_values(key, inner)
        return answer

    return read


def _filter_values(key: str, inner: Any) -> tuple[str, ...]:
    if inner is None:
        return ()
    if isinstance(inner, Pairs):  # the engine counts {"x": false} as present, so only true is taken
        if any(state is not True for _, state in inner):
            raise Refusal(f"the filter {key!r}", "expected true for each of its values", status=400)
        inner = [word for word, _ in inner]
    if not isinstance(inner, list) or len(inner) > 100 or not all(isinstance(word, str) for word in inner):
        raise Refusal(f"the filter {key!r}", "expected a list of at most 100 strings", status=400)
    return tuple(inner)


_time = _text(r"(-?[0-9]{1,12}(\.[0-9]{1,9})?)?", "seconds since 1970, as a number")
_keys = _text(r"[A-Za-z@\[\]\\^_,-]*", "keys such as ctrl-p,ctrl-q", 64)
_signal = _text(r"[A-Za-z0-9+-]*", "a signal such as SIGTERM or 15", 16)
_path = _text(cap=4096)
_size = _number(0, 10_000)
_LABELS = ("label", "label!")
# of these a session has no events: a filter by one leaves nothing
FOREIGN_KINDS = ("builder", "config", "daemon", "node", "plugin", "secret", "service")
_WAIT_FOR = _number(-1, 86_400)

_PARAMETERS: dict[str, dict[str, Reader]] = {
    "system.events": {
        "since": _time,
        "until": _time,
        "filters": _filters(
            "type", "event", "container", "image", "network", "volume", "label", "scope", *FOREIGN_KINDS
        ),
    },
    "system.df": {"type": _texts},
    "build.prune": {
        "all": _drop, "keep-storage": _drop, "reserved-space": _drop, "max-used-space": _drop, "min-free-space": _drop,
        "filters": _filters(
            "until", "id", "parent", "type", "description", "inuse", "mutable", "immutable", "shared", "private",
            "unused-for", *_LABELS,  # labels come from `docker system prune`; the engine leaves them out here
        ),
    },
    "container.list": {
        "all": _flag,
        "limit": _number(-1, 100_000),
        "size": _flag,
        "trunc_cmd": _drop,
        "since": _text(),  # docker-py's parameters of old; meant as the filters of these names
        "before": _text(),
        "filters": _filters(
            "ancestor", "before", "expose", "exited", "health", "id", "is-task", "isolation", "label", "name",
            "network", "publish", "since", "status", "volume",
        ),
    },
    "container.create": {"name": _text(), "platform": _text()},
    "container.prune": {"filters": _filters("until", *_LABELS)},
    "container.inspect": {"size": _flag},
    "container.logs": {
        "follow": _flag, "stdout": _flag, "stderr": _flag, "timestamps": _flag, "details": _flag,
        "since": _time, "until": _time, "tail": _text(),
    },
    "container.stats": {"stream": _flag_or_unset, "one-shot": _flag},
    "container.top": {"ps_args": _text()},
    "container.start": {
        "detachKeys": _keys,
        "checkpoint": _refuse("checkpoints are not available in a session"),
        "checkpoint-dir": _refuse("checkpoints are not available in a session"),
    },
    "container.stop": {"t": _WAIT_FOR, "signal": _signal},
    "container.restart": {"t": _WAIT_FOR, "signal": _signal},
    "container.kill": {"signal": _signal},
    "container.resize": {"h": _size, "w": _size},
    "container.wait": {
        "condition": _text("(not-running|next-exit|removed)?", "not-running, next-exit or removed")
    },
    "container.rename": {"name": _text()},
    "container.attach": {
        "detachKeys": _keys, "logs": _flag, "stream": _flag, "stdin": _flag, "stdout": _flag, "stderr": _flag,
    },
    "container.remove": {
        "v": _drop,  # always 1: an anonymous volume has no label and would be nobody's
        "force": _flag,
        "link": _refuse("links are not used in the course"),
    },
    "container.archive.get": {"path": _path},
    "container.archive.stat": {"path": _path},
    "container.archive.put": {"path": _path, "noOverwriteDirNonDir": _flag, "copyUIDGID": _flag},
    "exec.resize": {"h": _size, "w": _size},
    "image.commit": {
        "container": _text(), "repo": _text(), "tag": _text(), "comment": _text(), "author": _text(),
        "pause": _flag_or_unset, "changes": _texts,
    },
    "image.build": {
        "t": _texts, "dockerfile": _text(), "buildargs": _object, "labels": _object, "target": _text(),
        "q": _flag, "nocache": _flag,
        # the session's own values replace these
        "rm": _drop, "forcerm": _drop, "memory": _drop, "memswap": _drop, "cpushares": _drop, "cpuquota": _drop,
        "cpuperiod": _drop, "cpusetcpus": _drop, "cpusetmems": _drop, "shmsize": _drop, "ulimits": _drop,
        "cgroupparent": _drop, "buildid": _drop,
        "pull": _drop,  # base images are on the engine and are always current
        "cachefrom": _drop,  # cached layers come from the session's own images only
        "networkmode": _text(), "platform": _text(),
        "remote": _refuse("the engine would fetch any address that is named", "Send the context as a tar."),
        "version": _refuse("the gateway chooses the builder", INSTEAD_OF_BUILDKIT, ("1",)),
        "session": _refuse("BuildKit sessions are not available in a session", INSTEAD_OF_BUILDKIT),
        "outputs": _refuse("BuildKit outputs are not available in a session", INSTEAD_OF_BUILDKIT),
        "extrahosts": _refuse("a build of a session may not add host names"),
        "securityopt": _refuse("security options are set by the session"),
        "squash": _refuse("it is not used in the course"),
        "isolation": _refuse("it is not used in the course", also=("default",)),
    },
    "image.list": {
        "all": _flag, "digests": _drop, "shared-size": _drop, "only_ids": _drop, "manifests": _drop,
        "filter": _text(), "filters": _filters("dangling", "label", "before", "since", "reference", "until"),
    },
    "image.save": {"names": _texts},
    "image.create": {
        "fromImage": _text(), "tag": _text(), "platform": _text(),
        "fromSrc": _refuse("an import brings metadata and content from outside the session", "Load a saved image."),
        "repo": _refuse("it belongs to an import, which is not available in a session"),
        "message": _refuse("it belongs to an import, which is not available in a session"),
        "changes": _refuse("it belongs to an import, which is not available in a session"),
    },
    "image.load": {"quiet": _flag},
    "image.prune": {"filters": _filters("dangling", "until", *_LABELS)},
    "image.tag": {"repo": _text(), "tag": _text(), "force": _drop},
    "image.push": {"tag": _text()},
    "image.remove": {"force": _flag, "noprune": _flag},
    "network.list": {"filters": _filters("dangling", "driver", "id", "label", "name", "scope", "type")},
    "network.inspect": {"verbose": _drop, "scope": _drop},
    "network.prune": {"filters": _filters("until", *_LABELS)},
    "volume.list": {"filters": _filters("dangling", "driver", "label", "name")},
    "volume.remove": {"force": _flag},
    "volume.prune": {"filters": _filters("all", *_LABELS)},
}  # fmt: skip

_REACHING: dict[str, dict[str, Reader]] = {
    "image.build": _PARAMETERS["image.build"] | {"extrahosts": _texts},
    "image.create": {
        "fromImage": _text(), "fromSrc": _text(cap=4096), "repo": _text(), "tag": _text(), "platform": _text(),
        "message": _text(cap=4096), "changes": _texts,
    },
    "image.push": {"tag": _text(), "platform": _refuse("a session pushes an image whole")},
    "image.search": {"term": _text(cap=256), "limit": _number(0, 100), "filters": _text(cap=4096)},
}  # fmt: skip
