"""Networks: create, connect, disconnect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from course.gateway.policy import wire
from course.gateway.policy.container_network import aliases
from course.gateway.policy.fields import Each, Flag, Ignored, Map, Refused, Struct, Text
from course.gateway.policy.names import EngineRequest, Names
from course.gateway.policy.naming import check_alias, check_labels, check_name
from course.gateway.policy.refusal import Refusal

_ADDRESSES = "the session chooses addresses: a chosen one would change the routes of the machine"

CREATE = Struct(
    {
        "Name": Text(cap=256),
        "CheckDuplicate": Ignored(Flag()),  # always on
        "Driver": Text(cap=64),
        "Internal": Flag(),
        "Attachable": Ignored(Flag()),  # for swarm services
        "Labels": Map(Text(cap=16 * 1024), most=200),
        "EnableIPv4": Ignored(Flag()),  # the CLI sends true; a network of a session always has IPv4
        "Scope": Refused("networks of a session are local to its engine", also=("local",)),
        "EnableIPv6": Refused(_ADDRESSES),
        "IPAM": Struct(
            {
                "Driver": Refused(_ADDRESSES, also=("default",)),
                "Options": Refused(_ADDRESSES),
                "Config": Refused(_ADDRESSES),
            }
        ),
        "Options": Refused("driver options are set by the session"),
        "Ingress": Refused("it belongs to swarm mode"),
        "ConfigOnly": Refused("it is not used in the course"),
        "ConfigFrom": Refused("it would take the configuration of another network"),
    }
)
_ENDPOINT = Struct(
    {
        "Aliases": Each(Text(), most=16),
        "IPAMConfig": Refused(_ADDRESSES),
        "Links": Refused("links are not used in the course", "Containers of one network find each other by name."),
        "NetworkID": Refused("it could name another network than the one of the path"),
        "EndpointID": Refused("the session sets it"),
        "Gateway": Refused(_ADDRESSES),
        "IPAddress": Refused(_ADDRESSES),
        "MacAddress": Refused(_ADDRESSES),
        "DriverOpts": Refused("driver options are set by the session"),
        "GwPriority": Refused("the session sets it"),
    }
)
CONNECT = Struct({"Container": Text(cap=256), "EndpointConfig": _ENDPOINT})
DISCONNECT = Struct({"Container": Text(cap=256), "Force": Flag()})


@dataclass(frozen=True)
class NetworkSpec:
    """A parsed network create; `course.gateway.networks` makes it, on addresses and with options of its own."""

    name: str
    internal: bool
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Connection:
    """A parsed connect or disconnect: the container as the learner names it, aliases (connect), force (disconnect)."""

    container: str
    aliases: tuple[str, ...] = ()
    force: bool = False

    def connect_request(self, names: Names, network: str) -> EngineRequest:
        """Connect an own container to an own network; its own name is an alias there.

        Raises:
            Refusal: 404.
        """
        container, engine_id = names.container(self.container), names.network(network)
        known = aliases(names.container_name(container), self.aliases, engine_id, names)
        body = {"Container": container, "EndpointConfig": {"Aliases": known}}
        return EngineRequest("POST", ("networks", engine_id, "connect"), body=body)

    def disconnect_request(self, names: Names, network: str) -> EngineRequest:
        """Disconnect an own container from an own network.

        Raises:
            Refusal: 404.
        """
        body = {"Container": names.container(self.container), "Force": self.force}
        return EngineRequest("POST", ("networks", names.network(network), "disconnect"), body=body)


def parse_create(raw: bytes, cap: int) -> NetworkSpec:
    """Read a network create body.

    Raises:
        Refusal: 400, 403 or 413.
    """
    body = wire.decode_object(raw, CREATE, cap=cap)
    if body.get("Driver", "") not in ("", "default", "bridge"):
        raise Refusal(
            f"the network driver {body['Driver']}", "networks of a session are of the driver bridge", "Drop the driver."
        )
    labels = check_labels(body.get("Labels", {}))
    return NetworkSpec(check_name("network", body.get("Name", "")), body.get("Internal", False), labels)


def parse_connect(raw: bytes, cap: int) -> Connection:
    """Read a connect body: Container, and Aliases only.

    Raises:
        Refusal: 400, 403 or 413.
    """
    body = wire.decode_object(raw, CONNECT, cap=cap)
    asked = body.get("EndpointConfig", {}).get("Aliases", [])
    return Connection(_container(body), tuple(check_alias(alias) for alias in asked))


def parse_disconnect(raw: bytes, cap: int) -> Connection:
    """Read a disconnect body.

    Raises:
        Refusal: 400, 403 or 413.
    """
    body = wire.decode_object(raw, DISCONNECT, cap=cap)
    return Connection(_container(body), force=body.get("Force", False))


def _container(body: Mapping[str, Any]) -> str:
    name = body.get("Container", "")
    if not name:
        raise Refusal("a connection without a container", "expected Container", status=400)
    return str(name)
