"""BuildKit's progress: the lines `moby.buildkit.trace` of an answer to `POST /build?version=2`, decoded.

Each line carries a `moby.buildkit.v1.StatusResponse` (buildkit, api/services/control/control.proto) in base64. The
messages are declared here rather than generated: four of them, and only the fields that are read.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

TRACE = "moby.buildkit.trace"
IMAGE = "moby.image.id"
STDERR = 2  # the number of a log's stream
_PACKAGE = "moby.buildkit.v1"
_Field = descriptor_pb2.FieldDescriptorProto
_FIELDS: Mapping[str, tuple[tuple[str, int, int, str], ...]] = {
    "Time": (("seconds", 1, _Field.TYPE_INT64, ""), ("nanos", 2, _Field.TYPE_INT32, "")),
    "Vertex": (
        ("digest", 1, _Field.TYPE_STRING, ""),
        ("name", 3, _Field.TYPE_STRING, ""),
        ("cached", 4, _Field.TYPE_BOOL, ""),
        ("started", 5, _Field.TYPE_MESSAGE, "Time"),
        ("completed", 6, _Field.TYPE_MESSAGE, "Time"),
        ("error", 7, _Field.TYPE_STRING, ""),
    ),
    "VertexLog": (
        ("vertex", 1, _Field.TYPE_STRING, ""),
        ("stream", 3, _Field.TYPE_INT64, ""),
        ("msg", 4, _Field.TYPE_BYTES, ""),
    ),
    "VertexWarning": (("short", 3, _Field.TYPE_BYTES, ""),),
    "StatusResponse": (
        ("vertexes", 1, _Field.TYPE_MESSAGE, "*Vertex"),
        ("logs", 3, _Field.TYPE_MESSAGE, "*VertexLog"),
        ("warnings", 4, _Field.TYPE_MESSAGE, "*VertexWarning"),
    ),
}


@dataclass(frozen=True)
class Vertex:
    """A step as BuildKit tells of it, again each time it changes. Times are seconds since 1970, None for not yet."""

    digest: str
    name: str
    cached: bool
    started: float | None
    completed: float | None
    error: str


@dataclass(frozen=True)
class Log:
    """Output of the step with this digest, and whether it is of standard error."""

    digest: str
    text: bytes
    error: bool = False


@dataclass(frozen=True)
class Status:
    """One line of the trace."""

    vertexes: tuple[Vertex, ...]
    logs: tuple[Log, ...]
    warnings: tuple[str, ...]


def decode(document: Mapping[str, Any]) -> Status | None:
    """What a document of the answer tells, None when it is no line of the trace or cannot be read."""
    if document.get("id") != TRACE or not isinstance(document.get("aux"), str):
        return None
    read = _StatusResponse()
    try:
        read.ParseFromString(base64.b64decode(document["aux"], validate=True))
    except (message.DecodeError, binascii.Error):
        return None
    return Status(
        tuple(_vertexes(read)),
        tuple(Log(log.vertex, log.msg, log.stream == STDERR) for log in read.logs),
        tuple(warning.short.decode("utf-8", "replace") for warning in read.warnings),
    )


def encode(status: Status) -> dict[str, Any]:
    """The document of a status: what tests feed in the place of an engine."""
    written = _StatusResponse()
    for one in status.vertexes:
        vertex = written.vertexes.add(digest=one.digest, name=one.name, cached=one.cached, error=one.error)
        for name, moment in (("started", one.started), ("completed", one.completed)):
            if moment is not None:
                getattr(vertex, name).seconds, getattr(vertex, name).nanos = int(moment), int(moment % 1 * 1e9)
    for log in status.logs:
        written.logs.add(vertex=log.digest, msg=log.text, stream=STDERR if log.error else 1)
    for text in status.warnings:
        written.warnings.add(short=text.encode())
    return {"id": TRACE, "aux": base64.b64encode(written.SerializeToString()).decode()}


def _vertexes(read: Any) -> Iterator[Vertex]:
    for one in read.vertexes:
        started, completed = (
            getattr(one, name).seconds + getattr(one, name).nanos / 1e9 if one.HasField(name) else None
            for name in ("started", "completed")
        )
        yield Vertex(one.digest, one.name, one.cached, started, completed, one.error)


def _declared() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="slipway/buildkit.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _FIELDS.items():
        declared = file.message_type.add(name=name)
        for field, number, kind, of in fields:
            one = declared.field.add(name=field, number=number, type=kind)
            one.label = _Field.LABEL_REPEATED if of.startswith("*") else _Field.LABEL_OPTIONAL
            if of:
                one.type_name = f".{_PACKAGE}.{of.lstrip('*')}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.StatusResponse"))


_StatusResponse = _declared()
