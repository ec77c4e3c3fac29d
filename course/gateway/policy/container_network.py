"""How a container is on the network: its mode, its endpoints with aliases, its published ports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from course.gateway.policy.names import Names
from course.gateway.policy.naming import check_alias
from course.gateway.policy.refusal import Refusal

LOOPBACK = "127.0.0.1"
DEFAULT = ("", "default", "bridge")
MOST_BINDINGS = 32  # each one is a process of the engine
_PORT = re.compile(r"([0-9]{1,5})(/(tcp|udp|sctp))?", re.ASCII)


@dataclass(frozen=True)
class Network:
    """Where a container is connected.

    Args:
        mode: HostConfig.NetworkMode for the engine: "none", "container:<full id>" or a network's full id.
        endpoints: EndpointsConfig for the engine, by network id.
        publishes: whether ports can be published.
    """

    mode: str
    endpoints: Mapping[str, Mapping[str, Any]]
    publishes: bool


def check_mode(mode: str) -> None:
    """Refuse the host's network before any name is looked up.

    Raises:
        Refusal: 403.
    """
    if mode == "host":
        raise Refusal(
            "the host's network", "it would reach the services of the machine", "Publish a port, or use a network."
        )


def resolve(
    name: str, mode: str, disabled: bool, endpoints: Mapping[str, Mapping[str, Any] | None], names: Names
) -> Network:
    """Resolve mode and endpoints to own networks; the container's own name becomes an alias on each.

    Args:
        name: the learner's name of the container.
        mode: NetworkMode as written.
        disabled: NetworkDisabled as written.
        endpoints: EndpointsConfig as written, by network name or id.
        names: the session.
    """
    check_mode(mode)
    if disabled or mode == "none" or mode.startswith("container:"):
        foreign = [key for key in endpoints if key not in (mode, *DEFAULT)]
        if foreign:
            raise Refusal(f"the network {foreign[0]}", f"the container's network mode is {mode or 'none'}", status=400)
        if disabled or mode == "none":
            return Network("none", {}, publishes=False)
        return Network(f"container:{names.container(mode.partition(':')[2])}", {}, publishes=False)
    resolved: dict[str, dict[str, Any]] = {}
    for key, settings in endpoints.items():
        check_mode(key)
        network = names.network("bridge" if key in DEFAULT else key)
        if network in resolved:
            raise Refusal(f"the network {key}", "it is there twice", status=400)
        known = aliases(name, (settings or {}).get("Aliases", []), network, names)
        resolved[network] = {"Aliases": known, **as_asked(settings or {}, names)}
    main = names.network("bridge" if mode in DEFAULT else mode)
    if not resolved:
        resolved[main] = {"Aliases": aliases(name, [], main, names)}
    elif main not in resolved and mode in DEFAULT:
        main = next(iter(resolved))  # the engine connects to the networks listed, and to no default one
    return Network(main, resolved, publishes=True)


def as_asked(settings: Mapping[str, Any], names: Names) -> dict[str, Any]:
    """What else of an endpoint is given: addresses inside its network, a MAC address, options, links to own containers.

    The body's table lets them in only where the policy is as the engine.
    """
    answer = {key: settings[key] for key in ("IPAMConfig", "MacAddress", "DriverOpts") if settings.get(key)}
    if settings.get("Links"):
        answer["Links"] = [link(one, names) for one in settings["Links"]]
    return answer


def link(word: str, names: Names) -> str:
    """A link "web:alias" with the engine's name of an own container.

    Raises:
        Refusal: 404 for a container that the session does not have.
    """
    ref, _, alias = word.partition(":")
    engine_id = names.container(ref)
    check_alias(alias or ref)
    return f"sw-{names.sid}--{names.container_name(engine_id)}:{alias or ref.removeprefix('/')}"


def aliases(name: str | None, asked: Iterable[str], network: str, names: Names) -> list[str]:
    """The names under which other containers of the network find this one; engine names carry the session's prefix.

    On the default network no names resolve, as on any engine, and the engine refuses those that are asked for.

    Args:
        name: the learner's name of the container, which is an alias on every other network.
        asked: further ones.
        network: the network's engine id.
        names: the session.
    """
    own = [name] if name and names.network_name(network) not in DEFAULT else []
    return list(dict.fromkeys([*own, *(check_alias(alias) for alias in asked)]))


def port_bindings(
    asked: Mapping[str, list[dict[str, Any]] | None], publish_all: bool, exposed: Iterable[str], *, fixed: bool = False
) -> dict[str, list[dict[str, str]]]:
    """Published ports: always on 127.0.0.1 (the engine reads "" and "localhost" as every address).

    Args:
        asked: the PortBindings of the request.
        publish_all: whether every port of `exposed` is published.
        exposed: the ports that container and image expose.
        fixed: whether a port of the machine may be chosen; the engine chooses otherwise.

    Raises:
        Refusal: 403 for a fixed port on the machine, 400 for what is no port.
    """
    answer: dict[str, list[dict[str, str]]] = {}
    for port, bindings in asked.items():
        for binding in bindings or [{}]:
            if fixed:
                _host_port(binding.get("HostPort", ""))
            elif binding.get("HostPort", "").strip("0"):
                raise Refusal(
                    f"publishing {port} on the fixed port {binding['HostPort']}",
                    "another session of this machine may have it",
                    "Publish it without a number (ports={'80/tcp': None}, or -p 80) and read the port that was given "
                    "from container.ports or docker port.",
                )
        answer[_proto(port)] = [
            {"HostIp": LOOPBACK, "HostPort": one.get("HostPort", "") if fixed else ""} for one in bindings or [{}]
        ]
    if publish_all:
        for port in exposed:
            answer.setdefault(_proto(port), [{"HostIp": LOOPBACK, "HostPort": ""}])
    if sum(map(len, answer.values())) > MOST_BINDINGS:
        raise Refusal("publishing so many ports", f"a container may publish {MOST_BINDINGS}", "Name those you need.")
    return answer


def _host_port(word: str) -> None:
    numbers = (
        [int(part) for part in word.split("-")] if re.fullmatch("[0-9]{1,5}(-[0-9]{1,5})?", word, re.ASCII) else []
    )
    if word and (not numbers or max(numbers) > 65535 or numbers != sorted(numbers)):
        raise Refusal(f"the port {word} of the machine", "expected a number from 1 to 65535, or a range", status=400)


def _proto(port: str) -> str:
    found = _PORT.fullmatch(port)  # an image may bring any word as a port
    if found is None or not 1 <= int(found[1]) <= 65535:
        raise Refusal(f"the port {port}", "expected a number from 1 to 65535, as in 80/tcp", status=400)
    return port if found[2] else f"{port}/tcp"
