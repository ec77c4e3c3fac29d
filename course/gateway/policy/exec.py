"""Exec: a further command in an own container, without more rights than the container has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from course.gateway.policy import wire
from course.gateway.policy.fields import Each, Flag, Ignored, Number, Refused, Struct, Text
from course.gateway.policy.names import EngineRequest, Names
from course.gateway.policy.query import Query
from course.gateway.policy.refusal import Refusal

_CONSOLE = Ignored(Each(Number(0, 10_000), most=2))  # the client resizes after the start

CREATE = Struct(
    {
        "Cmd": Each(Text()),
        "Env": Each(Text()),
        "User": Text(r"[A-Za-z0-9_.-]*(:[A-Za-z0-9_.-]*)?", "a user, or user:group", 256),
        "WorkingDir": Text(cap=4096),
        "Tty": Flag(),
        "AttachStdin": Flag(),
        "AttachStdout": Flag(),
        "AttachStderr": Flag(),
        "DetachKeys": Text(r"[A-Za-z@\[\]\\^_,-]*", "keys such as ctrl-p,ctrl-q", 64),
        "Detach": Ignored(Flag()),
        "ConsoleSize": _CONSOLE,
        "Container": Ignored(Text(cap=256)),  # docker-py repeats the id of the path
        "Privileged": Refused("a privileged command has all rights on the machine of the engine"),
    }
)
# docker-py writes it so, and the engine takes any case; elsewhere a name has one spelling
OWN_CREATE = Struct({**CREATE.fields, "detachKeys": CREATE.fields["DetachKeys"]})
START = Struct({"Detach": Flag(), "Tty": Flag(), "ConsoleSize": _CONSOLE})


@dataclass(frozen=True)
class ExecStart:
    """How an exec is started; `body()` is what the engine is sent."""

    detach: bool
    tty: bool

    def body(self) -> dict[str, Any]:
        """The engine's body."""
        return {"Detach": self.detach, "Tty": self.tty}


def create_request(raw: bytes, names: Names, container: str) -> EngineRequest:
    """Read an exec create body and build the engine's; Privileged is refused.

    Raises:
        Refusal: 400, 403, 404 or 413.
    """
    table = OWN_CREATE if names.policy.as_engine else CREATE
    body = wire.decode_object(raw, table, cap=names.policy.limits.json_body)
    if "detachKeys" in body:
        body["DetachKeys"] = body.pop("detachKeys")
    full_id = names.container(container)
    if not body.get("Cmd"):
        raise Refusal("No exec command specified", "expected Cmd", status=400)
    return EngineRequest("POST", ("containers", full_id, "exec"), body=body)


def parse_start(raw: bytes, cap: int) -> ExecStart:
    """Read an exec start body. The exec id is checked by the caller against the session's ledger of execs.

    Raises:
        Refusal: 400, 403 or 413.
    """
    body = wire.decode_object(raw, START, cap=cap)
    return ExecStart(body.get("Detach", False), body.get("Tty", False))


def resize_request(query: Query, exec_id: str) -> EngineRequest:
    """Build a resize for an exec id that the caller has checked."""
    size = {key: str(query.number(key) or 0) for key in ("h", "w")}
    return EngineRequest("POST", ("exec", exec_id, "resize"), {**size})
