"""Networks of sessions: small subnets from a range of our own, published ports on 127.0.0.1, telling bridge names.

The engine's default address pools hold about 31 networks, and a class needs more; so each network of a session gets
a /27 of `SLIPWAY_NETWORKS` (10.213.0.0/16 unless set: 2,048 networks of 29 containers). A learner's default network,
where all lessons leave what runs, gets a /24 while there is one.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import secrets
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from course.engine import bridges
from course.gateway.errors import GatewayError
from course.gateway.policy.names import EngineRequest
from course.gateway.policy.network import NetworkSpec
from course.gateway.policy.words import WITHOUT_NAMES
from course.gateway.scope import Scope
from course.gateway.upstream import Answer, Upstream

DEFAULT = "bridge"  # the learner's name of a session's default network
RANGE, PREFIX, WIDE = "10.213.0.0/16", 27, 24
LEAST_WIDE = 64
"""A range that holds fewer wide subnets is kept for narrow ones."""
TRIES = 64
_OVERLAP = ("overlap", "conflicts with")  # libnetwork's words for a subnet that is taken, 20.10 to 26.1
_BRIDGE = "com.docker.network.bridge."


class Networks:
    """Makes the networks of all sessions on one engine.

    Args:
        engine: where.
        firewalled: whether the rules of `firewall` are in force; grading networks are `Internal` otherwise.
        range_: the addresses to take subnets from, in CIDR notation.
    """

    def __init__(self, engine: Upstream, *, firewalled: bool, range_: str | None = None) -> None:
        self._engine, self.firewalled = engine, firewalled
        chosen = ipaddress.IPv4Network(range_ or os.environ.get("SLIPWAY_NETWORKS") or RANGE)
        self._subnets = {
            prefix: [str(subnet) for subnet in chosen.subnets(new_prefix=max(prefix, chosen.prefixlen))]
            for prefix in (PREFIX, WIDE)
        }
        # gateways of other users start elsewhere
        self._next = {prefix: secrets.randbelow(len(subnets)) for prefix, subnets in self._subnets.items()}
        self._making: dict[str, asyncio.Lock] = {}

    async def default(self, scope: Scope) -> str:
        """The engine id of the session's default network, made on first use.

        Raises:
            GatewayError: the engine refused to make it.
        """
        async with self._making.setdefault(scope.sid, asyncio.Lock()):
            for engine_id, name in scope.networks().items():
                if name == DEFAULT:
                    return engine_id
            answer = await self.create(scope, DEFAULT)
            if not answer.ok:
                todo = "remove networks that nobody uses (`docker network ls`), then repeat"
                raise GatewayError("a default network for the session", answer.message, todo)
            return str(answer.value["Id"])

    async def create(
        self,
        scope: Scope,
        name: str,
        *,
        internal: bool = False,
        labels: Mapping[str, str] | None = None,
        chosen: NetworkSpec | None = None,
        more: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make a network for a session, record it, and give the engine's answer; a taken subnet is passed over.

        Args:
            scope: whose.
            name: the learner's name.
            internal: whether the learner asked for a network without a way out.
            labels: the learner's labels.
            chosen: the addresses that the learner chose, which the policy has checked; they may not be in use.
            more: driver options that the learner chose.
        """
        answer = Answer(500, {}, {"message": "no free subnet for a network; remove networks that nobody uses"})
        engine_name = WITHOUT_NAMES * (name == DEFAULT) + scope.engine_name(name)
        own_pools = chosen is not None and any(pool.get("Subnet") for pool in chosen.pools)
        if chosen is not None and (taken := _taken(chosen)):
            return Answer(403, {}, {"message": f"Pool overlaps with other one on this address space: {taken}"})
        wide = name == DEFAULT and scope.policy.outside and len(self._subnets[WIDE]) >= LEAST_WIDE
        for subnet in chain(self._free_subnets(WIDE) if wide else (), self._free_subnets(PREFIX)):
            body = {
                "Name": engine_name,
                "CheckDuplicate": True,
                "Labels": {**(labels or {}), **scope.labels()},
                **self.options(scope, subnet, internal=internal),
            }
            body["Options"] = {**(more or {}), **body["Options"]}
            if chosen is not None:
                body["EnableIPv6"] = chosen.ipv6
                pools = [dict(pool) for pool in chosen.pools]
                four = any(":" not in pool.get("Subnet", ":") for pool in pools)
                body["IPAM"]["Config"] = pools if four else [*body["IPAM"]["Config"], *pools]
            answer = await self._engine.ask(EngineRequest("POST", ("networks", "create"), body=body))
            if answer.ok:
                scope.add_network(str(answer.value["Id"]), name)
            if answer.ok or own_pools or not any(word in answer.message.lower() for word in _OVERLAP):
                break
        return answer

    def options(self, scope: Scope, subnet: str, *, internal: bool = False) -> dict[str, Any]:
        """The part of a network's create body that the gateway decides."""
        grading = not scope.policy.outside
        options = {
            _BRIDGE + "host_binding_ipv4": "127.0.0.1",
            _BRIDGE + "name": bridges.name(self._engine.socket, grading=grading),
        }
        if grading:
            options[_BRIDGE + "enable_ip_masquerade"] = "false"  # a second bar behind the firewall's
        if grading and not self.firewalled:
            options[_BRIDGE + "inhibit_ipv4"] = "true"  # the host has no address there to be reached at
        return {
            "Driver": "bridge",
            "Internal": internal or (grading and not self.firewalled),
            "EnableIPv6": False,
            "IPAM": {
                "Driver": "default",
                "Config": [{"Subnet": subnet, "Gateway": str(ipaddress.IPv4Network(subnet)[1])}],
            },
            "Options": options,
        }

    def forget(self, sid: str) -> None:
        """Drop what is kept for a session that has ended."""
        self._making.pop(sid, None)

    def _free_subnets(self, prefix: int) -> Iterator[str]:
        """Subnets that this machine has no route into, at most 64, each time from another place."""
        taken = list(_routes())
        offered, subnets = 0, self._subnets[prefix]
        for _ in range(len(subnets)):
            subnet = subnets[self._next[prefix]]
            self._next[prefix] = (self._next[prefix] + 1) % len(subnets)
            if not any(ipaddress.IPv4Network(subnet).overlaps(route) for route in taken):
                yield subnet
                offered += 1
                if offered == TRIES:
                    return


def _taken(chosen: NetworkSpec) -> str:
    """A route of this machine that one of the chosen subnets would hide, "" for none."""
    for pool in chosen.pools:
        if ":" in pool.get("Subnet", ":"):
            continue
        subnet = ipaddress.IPv4Network(pool["Subnet"], strict=False)
        for route in _routes():
            if subnet.overlaps(route):
                return str(route)
    return ""


def _routes(table: Path = Path("/proc/net/route")) -> Iterator[ipaddress.IPv4Network]:
    """The machine's IPv4 routes except the default one; none where there is no such table (macOS)."""
    if not table.exists():
        return
    for line in table.read_text().splitlines()[1:]:
        _, destination, *_, mask, _, _, _ = line.split()
        address, length = (int.from_bytes(bytes.fromhex(part), "little") for part in (destination, mask))
        if length:
            yield ipaddress.IPv4Network((address, length.bit_count()))
