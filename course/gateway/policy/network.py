"""Networks: create, connect, disconnect."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from course.gateway.policy import wire
from course.gateway.policy.container_body import OWN_ENDPOINT
from course.gateway.policy.container_network import aliases, as_asked
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
_NET = Text("[0-9a-fA-F.:]+(/[0-9]{1,3})?", "an address, or a range such as 10.9.0.0/24", 64)
# what a learner may choose where the policy is as the engine; the others decide who reaches a network
OPTIONS = (
    "com.docker.network.driver.mtu",
    "com.docker.network.bridge.enable_icc",
    "com.docker.network.bridge.enable_ip_masquerade",
    "com.docker.network.container_iface_prefix",
)
OWN_CREATE = Struct(
    {
        **CREATE.fields,
        "EnableIPv6": Flag(),
        "IPAM": Struct(
            {
                "Driver": Refused(_ADDRESSES, also=("default",)),
                "Options": Refused(_ADDRESSES),
                "Config": Each(
                    Struct(
                        {"Subnet": _NET, "IPRange": _NET, "Gateway": _NET, "AuxiliaryAddresses": Map(_NET, most=32)}
                    ),
                    most=4,
                ),
            }
        ),
        "Options": Map(
            Text(cap=256), keys=Text("|".join(map(re.escape, OPTIONS)), "one of " + ", ".join(OPTIONS)), most=8
        ),
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
OWN_CONNECT = Struct({"Container": Text(cap=256), "EndpointConfig": OWN_ENDPOINT})
CONNECT = Struct({"Container": Text(cap=256), "EndpointConfig": _ENDPOINT})
DISCONNECT = Struct({"Container": Text(cap=256), "Force": Flag()})


@dataclass(frozen=True)
class NetworkSpec:
    """A parsed network create; `course.gateway.networks` makes it, on addresses and with options of its own."""

    name: str
    internal: bool
    labels: Mapping[str, str]
    pools: tuple[Mapping[str, Any], ...] = ()
    ipv6: bool = False
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Connection:
    """A parsed connect or disconnect: the container as the learner names it, aliases (connect), force (disconnect)."""

    container: str
    aliases: tuple[str, ...] = ()
    force: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)

    def connect_request(self, names: Names, network: str) -> EngineRequest:
        """Connect an own container to an own network; its own name is an alias there.

        Raises:
            Refusal: 404.
        """
        container, engine_id = names.container(self.container), names.network(network)
        known = aliases(names.container_name(container), self.aliases, engine_id, names)
        body = {"Container": container, "EndpointConfig": {"Aliases": known, **as_asked(self.settings, names)}}
        return EngineRequest("POST", ("networks", engine_id, "connect"), body=body)

    def disconnect_request(self, names: Names, network: str) -> EngineRequest:
        """Disconnect an own container from an own network.

        Raises:
            Refusal: 404.
        """
        body = {"Container": names.container(self.container), "Force": self.force}
        return EngineRequest("POST", ("networks", names.network(network), "disconnect"), body=body)


def parse_create(raw: bytes, cap: int, *, as_engine: bool = False) -> NetworkSpec:
    """Read a network create body.

    Args:
        raw: the body.
        cap: its most bytes.
        as_engine: whether addresses and some options may be chosen.

    Raises:
        Refusal: 400, 403 or 413.
    """
    body = wire.decode_object(raw, OWN_CREATE if as_engine else CREATE, cap=cap)
    if body.get("Driver", "") not in ("", "default", "bridge"):
        raise Refusal(
            f"the network driver {body['Driver']}", "networks of a session are of the driver bridge", "Drop the driver."
        )
    labels = check_labels(body.get("Labels", {}))
    pools = tuple(body.get("IPAM", {}).get("Config", ()))
    for pool in pools:
        _check_pool(pool)
    return NetworkSpec(
        check_name("network", body.get("Name", "")),
        body.get("Internal", False),
        labels,
        tuple(pool for pool in pools if pool),
        body.get("EnableIPv6", False),
        {key: value or "" for key, value in body.get("Options", {}).items()},
    )


def _check_pool(pool: Mapping[str, Any]) -> None:
    """Private addresses only: a network on others would cut this machine off from them."""
    try:
        subnet = ipaddress.ip_network(pool.get("Subnet", ""), strict=False) if pool.get("Subnet") else None
    except ValueError:
        raise Refusal(f"invalid CIDR address: {pool['Subnet']}", "", status=400) from None
    if subnet is None:
        return
    private = [one for one in _PRIVATE if one.version == subnet.version]
    if not any(subnet.subnet_of(one) for one in private):  # type: ignore[arg-type]  # of one version
        words = ", ".join(map(str, private))
        raise Refusal(f"the subnet {subnet}", f"expected private addresses: {words}", "This machine needs the others.")


_PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10")))


def parse_connect(raw: bytes, cap: int, *, as_engine: bool = False) -> Connection:
    """Read a connect body: Container, and Aliases only.

    Args:
        raw: the body.
        cap: its most bytes.
        as_engine: whether addresses, links and options may be given too.

    Raises:
        Refusal: 400, 403 or 413.
    """
    body = wire.decode_object(raw, OWN_CONNECT if as_engine else CONNECT, cap=cap)
    settings = body.get("EndpointConfig", {})
    asked = settings.get("Aliases", [])
    return Connection(_container(body), tuple(check_alias(alias) for alias in asked), settings=settings)


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
