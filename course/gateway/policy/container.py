"""Container create: the learner's body becomes a ContainerSpec; the engine's body is built from it.

What is forced, kept and refused, and why, is listed in README.md; the fields are in `container_body`.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from course.gateway.policy import container_limits, container_mounts, container_network, wire
from course.gateway.policy.container_body import AS_ASKED, CREATE, OWN_CREATE
from course.gateway.policy.limits import CLASS, Policy
from course.gateway.policy.names import IMAGE_LABEL, EngineRequest, Names
from course.gateway.policy.naming import check_labels, check_name, invent_name
from course.gateway.policy.query import Query
from course.gateway.policy.refusal import Refusal

__all__ = ["ContainerSpec", "ImageView", "check_name", "check_platform", "invent_name", "parse_create"]

# taken over from the learner's Config as they are
_KEPT = (
    "Hostname", "Domainname", "User", "AttachStdin", "AttachStdout", "AttachStderr", "Tty", "OpenStdin", "StdinOnce",
    "Env", "Cmd", "Entrypoint", "WorkingDir", "StopSignal",
)  # fmt: skip
MOST_VOLUMES = 16  # anonymous ones, of body and image together: the engine makes them unasked
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class ImageView:
    """What a create needs to know about its image: the full id and its Config (may be {})."""

    id: str
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ContainerSpec:
    """A parsed create. Order of use: invent a name when `name` is "" (`named`), resolve `image` (names.image),
    create the volumes in `volumes_needed` that names.volume does not know, then `engine_request`.

    Args:
        name: the learner's name, or "".
        image: the image as the learner wrote it.
        volumes_needed: the learner's names of the volumes that are mounted.
        folders_needed: the folders that are mounted, as written, and whether one that is absent is made.
        config: the fields of Config that were given.
        host: the fields of HostConfig that were given.
        endpoints: EndpointsConfig, by network as the learner wrote it.
    """

    name: str
    image: str
    volumes_needed: tuple[str, ...]
    folders_needed: Mapping[str, bool]
    config: Mapping[str, Any]
    host: Mapping[str, Any]
    endpoints: Mapping[str, Mapping[str, Any] | None]

    def named(self, name: str) -> ContainerSpec:
        """The same with a name."""
        return replace(self, name=check_name("container", name))

    def engine_request(self, names: Names, image: ImageView, folders: Mapping[str, str] | None = None) -> EngineRequest:
        """The request for the engine: forced, kept and refused as in README.md.

        Args:
            names: the session.
            image: its image.
            folders: the checked path by each of `folders_needed`.

        Raises:
            Refusal: 403 for what may not be used, 404 for a container, network or volume that the session does
                not have.
        """
        network = container_network.resolve(
            self.name,
            self.host.get("NetworkMode", ""),
            self.config.get("NetworkDisabled", False),
            self.endpoints,
            names,
        )
        if self.config.get("MacAddress") and network.endpoints:  # of the main network, as engines from 25 on have it
            main = {**network.endpoints[network.mode], "MacAddress": self.config["MacAddress"]}
            network = replace(network, endpoints={**network.endpoints, network.mode: main})
        body = {
            **self._config(names, image),
            "HostConfig": self._host_config(names, image, network, folders or {}),
            "NetworkingConfig": {"EndpointsConfig": network.endpoints},
        }
        query = {"name": f"sw-{names.sid}--{self.name}"}
        return EngineRequest("POST", ("containers", "create"), query, body)

    def _config(self, names: Names, image: ImageView) -> dict[str, Any]:
        limits = names.policy.limits
        answer: dict[str, Any] = {key: self.config[key] for key in _KEPT if key in self.config}
        answer["Image"] = image.id
        if self.config.get("MacAddress"):  # its table lets it in where the policy is as the engine
            answer["MacAddress"] = self.config["MacAddress"]
        answer["Labels"] = {
            **check_labels(self.config.get("Labels", {})),
            IMAGE_LABEL: self.image,
            **names.labels(),
        }
        if self.config.get("ExposedPorts"):
            answer["ExposedPorts"] = {port: {} for port in self.config["ExposedPorts"]}
        if len({*self.config.get("Volumes", {}), *(image.config.get("Volumes") or {})}) > MOST_VOLUMES:
            raise Refusal("so many anonymous volumes", f"a container may have {MOST_VOLUMES}", "Use named volumes.")
        if self.config.get("Volumes"):
            answer["Volumes"] = {container_mounts.clean_path(path): {} for path in self.config["Volumes"]}
        timeout = container_limits.stop_timeout(self.config.get("StopTimeout", image.config.get("StopTimeout")), limits)
        if timeout is not None:
            answer["StopTimeout"] = timeout
        health = container_limits.healthcheck(self.config.get("Healthcheck"), image.config.get("Healthcheck"), limits)
        if health is not None:
            answer["Healthcheck"] = health
        return answer

    def _host_config(
        self, names: Names, image: ImageView, network: container_network.Network, folders: Mapping[str, str]
    ) -> dict[str, Any]:
        host, limits, own = self.host, names.policy.limits, names.policy.as_engine
        self._check_namespaces(names)
        answer: dict[str, Any] = {
            **container_limits.resources(host, limits, as_asked=own),
            **container_mounts.engine_mounts(host, names, folders),
            "NetworkMode": network.mode,
            "SecurityOpt": container_limits.security(host.get("SecurityOpt", []), as_asked=own),
            "CapDrop": container_limits.dropped_capabilities(host.get("CapDrop", []), as_asked=own),
            "RestartPolicy": container_limits.restart(host.get("RestartPolicy", {}), limits, as_asked=own),
            "AutoRemove": host.get("AutoRemove", False),
            "ReadonlyRootfs": host.get("ReadonlyRootfs", False),
            "CgroupParent": names.cgroup_parent(),
            "CgroupnsMode": "private",
            "IpcMode": self._ipc_mode(names),
        }
        if own:
            answer |= {key: host[key] for key in AS_ASKED if key in host}
            if host.get("Links"):
                answer["Links"] = [container_network.link(one, names) for one in host["Links"]]
        if host.get("PidMode"):
            answer["PidMode"] = f"container:{names.container(host['PidMode'].partition(':')[2])}"
        if "Init" in host:
            answer["Init"] = host["Init"]
        if network.publishes:
            exposed = [*self.config.get("ExposedPorts", {}), *(image.config.get("ExposedPorts") or {})]
            answer["PortBindings"] = container_network.port_bindings(
                host.get("PortBindings", {}),
                host.get("PublishAllPorts", False),
                exposed,
                fixed=names.policy.fixed_ports,
            )
        elif host.get("PortBindings"):
            raise Refusal("publishing a port", f"the network mode is {host.get('NetworkMode') or 'none'}", status=400)
        if not names.policy.outside and not network.mode.startswith("container:"):
            answer["Dns"] = [container_network.LOOPBACK]  # names of own containers resolve, nothing is asked outside
        return answer

    def _ipc_mode(self, names: Names) -> str:
        kind, _, ref = self.host.get("IpcMode", "").partition(":")
        if not names.policy.as_engine or not kind:
            return "private"
        return f"container:{names.container(ref)}" if kind == "container" else kind

    def _check_namespaces(self, names: Names) -> None:
        """Only "private", or (PidMode) an own container; a foreign container is unknown rather than forbidden."""
        own = names.policy.as_engine
        ipc = ("", "private", "shareable", "none") if own else ("", "private")
        for key, allowed in (("PidMode", ("",)), ("IpcMode", ipc), ("CgroupnsMode", ("", "private"))):
            mode = self.host.get(key, "")
            if mode in allowed:
                continue
            kind, _, ref = mode.partition(":")
            if kind == "container" and ref:
                names.container(ref)
                if key == "PidMode" or (key == "IpcMode" and own):
                    continue
            raise Refusal(f"{key} {mode!r}", "a container of a session has its own namespaces")


def parse_create(raw: bytes, query: Query, policy: Policy = CLASS) -> ContainerSpec:
    """Read a create body.

    Args:
        raw: the body.
        query: name and platform.
        policy: the session's.

    Raises:
        Refusal: 400, 403 or 413.
    """
    body = wire.decode_object(raw, OWN_CREATE if policy.as_engine else CREATE, cap=policy.limits.json_body)
    host = body.pop("HostConfig", {})
    endpoints = body.pop("NetworkingConfig", {}).get("EndpointsConfig", {})
    check_platform(query.text("platform"))
    name = query.text("name")
    spec = ContainerSpec(
        name=check_name("container", name) if name else "",
        image=body.get("Image", ""),
        volumes_needed=container_mounts.volumes_needed(host, folders=policy.binds),
        folders_needed=container_mounts.folders_needed(host) if policy.binds else {},
        config=body,
        host=host,
        endpoints=endpoints,
    )
    _check_alone(spec, policy)
    return spec


def _check_alone(spec: ContainerSpec, policy: Policy) -> None:
    """Everything that can be refused without asking the session, so that nothing is made before a refusal."""
    if not spec.image:
        raise Refusal(
            "a container without an image", "expected Image", "Name an image, for example course/busybox.", 400
        )
    limits, own = policy.limits, policy.as_engine
    check_labels(spec.config.get("Labels", {}))
    container_network.check_mode(spec.host.get("NetworkMode", ""))
    container_network.port_bindings(spec.host.get("PortBindings", {}), False, (), fixed=policy.fixed_ports)
    container_limits.security(spec.host.get("SecurityOpt", []), as_asked=own)
    container_limits.restart(spec.host.get("RestartPolicy", {}), limits, as_asked=own)
    container_limits.log(spec.host.get("LogConfig", {}), limits, as_asked=own)
    container_limits.ulimits(spec.host.get("Ulimits", []), limits)
    for path in spec.config.get("Volumes", {}):
        container_mounts.clean_path(path)
    for mount in spec.host.get("Mounts", []):
        container_mounts.check_mount(mount, folders=policy.binds)
    for path, words in spec.host.get("Tmpfs", {}).items():
        container_mounts.clean_path(path)
        container_mounts.tmpfs(words or "", limits)


def check_platform(word: str) -> None:
    """Accept the platform of this machine, or none.

    Raises:
        Refusal: 403.
    """
    machine = _ARCHITECTURES.get(platform.machine(), platform.machine())
    if not re.fullmatch(f"(linux)?(/?{machine})?(/v8)?", word, re.IGNORECASE):
        raise Refusal(f"the platform {word}", f"the engine of this machine runs linux/{machine}", "Drop the platform.")
