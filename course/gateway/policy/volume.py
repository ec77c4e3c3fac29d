"""Volumes: a name and labels, on the local driver, without options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from course.gateway.policy import wire
from course.gateway.policy.fields import Map, Refused, Struct, Text
from course.gateway.policy.names import EngineRequest, Names
from course.gateway.policy.naming import check_labels, check_name, invent_volume

CREATE = Struct(
    {
        "Name": Text(cap=256),
        "Labels": Map(Text(cap=16 * 1024), most=200),
        "Driver": Refused("volumes of a session are on the local driver", "Drop the driver.", also=("local",)),
        "DriverOpts": Refused("with options the local driver mounts folders of the machine", "Drop the options."),
        "ClusterVolumeSpec": Refused("it belongs to swarm mode"),
    }
)


@dataclass(frozen=True)
class VolumeSpec:
    """A parsed volume create; `name` is invented (64 hex) when none was given."""

    name: str
    labels: Mapping[str, str]

    def engine_request(self, names: Names) -> EngineRequest:
        """The engine's create. Check the labels of the answer: the engine hands out an existing volume of that name."""
        body = {
            "Name": f"sw-{names.sid}--{self.name}",
            "Driver": "local",
            "Labels": {**self.labels, **names.labels()},
        }
        return EngineRequest("POST", ("volumes", "create"), body=body)


def parse_create(raw: bytes, cap: int) -> VolumeSpec:
    """Read a volume create body.

    Raises:
        Refusal: 400, 403 or 413.
    """
    body = wire.decode_object(raw, CREATE, cap=cap)
    name = body.get("Name", "")
    return VolumeSpec(check_name("volume", name) if name else invent_volume(), check_labels(body.get("Labels", {})))
