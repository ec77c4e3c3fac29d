"""Requests for the calls on one container that take no body: start, stop, logs, wait, top, archive and the rest."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from course.gateway.policy.names import EngineRequest, Names
from course.gateway.policy.naming import check_name
from course.gateway.policy.query import Query
from course.gateway.policy.refusal import Refusal
from course.gateway.policy.routes import Call

PS_ARGS = ("", "aux", "-ef", "-aux")
# columns that show no more of a process than `aux` does
_COLUMNS = (
    "%cpu|%mem|args|cmd|comm|command|etime|gid|ni|nice|nlwp|pcpu|pid|pmem|ppid|pri|rss|s|start|stat|state|stime|time|tty"
    "|uid|user|vsz"
)
_PS_COLUMNS = re.compile(rf"-e?o *(?:{_COLUMNS})(?:,(?:{_COLUMNS}))*")

Values = dict[str, str | tuple[str, ...]]


def engine_request(call: Call, query: Query, names: Names) -> EngineRequest:
    """Build the engine's request; the container is resolved to an own full id.

    Routes: container.inspect, .start, .stop, .restart, .kill, .pause, .unpause, .resize, .wait, .rename, .logs,
    .stats, .changes, .export, .top, .attach, .remove (v=1 is forced), .archive.get, .archive.stat, .archive.put.

    Raises:
        Refusal: 404 when the session does not have the container, 400 or 403 for a parameter.
    """
    parts, values = _CALLS[call.route]
    container = names.container(call.params["id"])
    return EngineRequest(call.method, ("containers", container, *parts), values(query, names))


def _sent(*keys: str) -> Callable[[Query, Names], Values]:
    """The parameters that were sent, written again."""

    def values(query: Query, names: Names) -> Values:
        return {key: _write(query.values[key]) for key in keys if key in query.values}

    return values


def _write(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


def _stop(query: Query, names: Names) -> Values:
    values = _sent("signal")(query, names)
    timeout = query.number("t")
    limit = names.policy.limits.stop_timeout
    if timeout is not None:  # -1 means for ever
        values["t"] = str(limit if timeout < 0 else min(timeout, limit))
    return values


def _start(query: Query, names: Names) -> Values:
    return {"detachKeys": query.text("detachKeys")} if query.text("detachKeys") else {}


def _rename(query: Query, names: Names) -> Values:
    return {"name": f"sw-{names.sid}--{check_name('container', query.text('name'))}"}


def _logs(query: Query, names: Names) -> Values:
    values = _sent("follow", "stdout", "stderr", "timestamps", "details", "since", "until")(query, names)
    tail = query.text("tail")
    if re.fullmatch("[0-9]{1,9}", tail, re.ASCII):
        values["tail"] = str(int(tail))
    elif tail:
        values["tail"] = "all"  # so the engine reads "all", a number below zero, and any other word
    return values


def _top(query: Query, names: Names) -> Values:
    """`ps` runs on the machine of the engine, as root: other options ("e", which shows environments) become -ef."""
    words = query.text("ps_args").strip()
    return {"ps_args": words if words in PS_ARGS or _PS_COLUMNS.fullmatch(words) else "-ef"} if words else {}


def _remove(query: Query, names: Names) -> Values:
    return {"v": "1", "force": _write(query.flag("force"))}


def _archive(query: Query, names: Names) -> Values:
    path = query.text("path")
    if not path:
        raise Refusal("an archive without a path", "expected path=/a/path/inside", status=400)
    return {"path": path, **_sent("noOverwriteDirNonDir", "copyUIDGID")(query, names)}


def _nothing(query: Query, names: Names) -> Values:
    return {}


# route: (path after the container's id, how the query is built)
_CALLS: dict[str, tuple[tuple[str, ...], Callable[[Query, Names], Values]]] = {
    "container.inspect": (("json",), _sent("size")),
    "container.logs": (("logs",), _logs),
    "container.stats": (("stats",), _sent("stream", "one-shot")),
    "container.changes": (("changes",), _nothing),
    "container.export": (("export",), _nothing),
    "container.top": (("top",), _top),
    "container.start": (("start",), _start),
    "container.stop": (("stop",), _stop),
    "container.restart": (("restart",), _stop),
    "container.kill": (("kill",), _sent("signal")),
    "container.pause": (("pause",), _nothing),
    "container.unpause": (("unpause",), _nothing),
    "container.resize": (("resize",), _sent("h", "w")),
    "container.wait": (("wait",), _sent("condition")),
    "container.rename": (("rename",), _rename),
    "container.attach": (
        ("attach",),
        _sent("detachKeys", "logs", "stream", "stdin", "stdout", "stderr"),
    ),
    "container.remove": ((), _remove),
    "container.archive.get": (("archive",), _archive),
    "container.archive.stat": (("archive",), _archive),
    "container.archive.put": (("archive",), _archive),
}
