"""How the engine reads the body of a container create: a model of Go's encoding/json on moby's types.

`read` answers what an engine up to v26 makes of the bytes, odd ones included; `harm` says what in that would reach out
of a session. The model is checked against live engines in tests/gateway/policy/test_engine_reading.py.

Sources: Go 1.19 encoding/json (decode.go: exact name first, then folded; objects merge into what is there; null
leaves a struct), moby v20.10 runconfig/config_unix.go (ContainerConfigWrapper, getHostConfig).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Kind = Any  # "scalar", "list", {"map": Kind}, {"struct": {name: Kind}}, {"pointer": {name: Kind}}
SCALAR, LIST = "scalar", "list"

_RESOURCES = [
    "CpuShares", "Memory", "NanoCpus", "CgroupParent", "BlkioWeight", "CpuPeriod", "CpuQuota", "CpuRealtimePeriod",
    "CpuRealtimeRuntime", "CpusetCpus", "CpusetMems", "KernelMemory", "KernelMemoryTCP", "MemoryReservation",
    "MemorySwap", "MemorySwappiness", "OomKillDisable", "PidsLimit", "CpuCount", "CpuPercent", "IOMaximumIOps",
    "IOMaximumBandwidth",
]  # fmt: skip
_HOST_SCALARS = [
    "ContainerIDFile", "NetworkMode", "AutoRemove", "VolumeDriver", "CgroupnsMode", "IpcMode", "Cgroup", "OomScoreAdj",
    "PidMode", "Privileged", "PublishAllPorts", "ReadonlyRootfs", "UTSMode", "UsernsMode", "ShmSize", "Runtime",
    "Isolation", "Init", *_RESOURCES,
]  # fmt: skip
_HOST_LISTS = [
    "Binds", "VolumesFrom", "CapAdd", "CapDrop", "Dns", "DnsOptions", "DnsSearch", "ExtraHosts", "GroupAdd", "Links",
    "SecurityOpt", "ConsoleSize", "Devices", "DeviceCgroupRules", "DeviceRequests", "Ulimits", "Mounts", "MaskedPaths",
    "ReadonlyPaths", "BlkioWeightDevice",
]  # fmt: skip
HOST: dict[str, Kind] = {
    **dict.fromkeys(_HOST_SCALARS, SCALAR),
    **dict.fromkeys(_HOST_LISTS, LIST),
    "LogConfig": {"struct": {"Type": SCALAR, "Config": {"map": SCALAR}}},
    "PortBindings": {"map": LIST},
    "RestartPolicy": {"struct": {"Name": SCALAR, "MaximumRetryCount": SCALAR}},
    "StorageOpt": {"map": SCALAR},
    "Tmpfs": {"map": SCALAR},
    "Sysctls": {"map": SCALAR},
}
_CONFIG_SCALARS = [
    "Hostname", "Domainname", "User", "AttachStdin", "AttachStdout", "AttachStderr", "Tty", "OpenStdin", "StdinOnce",
    "ArgsEscaped", "Image", "WorkingDir", "NetworkDisabled", "MacAddress", "StopSignal", "StopTimeout",
]  # fmt: skip
CONFIG: dict[str, Kind] = {
    **dict.fromkeys(_CONFIG_SCALARS, SCALAR),
    **dict.fromkeys(["Env", "Cmd", "Entrypoint", "OnBuild", "Shell"], LIST),
    "ExposedPorts": {"map": {"struct": {}}},
    "Volumes": {"map": {"struct": {}}},
    "Labels": {"map": SCALAR},
    "Healthcheck": {
        "pointer": {
            "Test": LIST, **dict.fromkeys(["Interval", "Timeout", "StartPeriod", "StartInterval", "Retries"], SCALAR)
        }
    },
}  # fmt: skip
_ENDPOINT = {
    "pointer": {"Aliases": LIST, "NetworkID": SCALAR, "IPAMConfig": SCALAR, "Links": LIST, "DriverOpts": SCALAR}
}
WRAPPER: dict[str, Kind] = {
    **HOST,
    **CONFIG,
    "HostConfig": {"pointer": HOST},
    "NetworkingConfig": {"pointer": {"EndpointsConfig": {"map": _ENDPOINT}}},
}
_FILLED = ("Memory", "MemorySwap", "CpuShares", "CpusetCpus", "VolumeDriver")


class Pairs(list[tuple[str, Any]]):
    """An object as it was written."""


def read(raw: bytes, *, top_level: bool = True) -> dict[str, Any]:
    """What the engine makes of a create body: {"config": …, "host": …, "endpoints": …}, zero values left out.

    Args:
        raw: the body.
        top_level: whether the engine takes fields of HostConfig beside it, as those before 27 do.
    """
    text = raw.decode("utf-8", "replace")
    value, _ = json.JSONDecoder(object_pairs_hook=Pairs).raw_decode(text.lstrip())  # 20.10: the first document only
    body: dict[str, Any] = {}
    _into(body, WRAPPER, value)
    top = {name: body[name] for name in HOST if name in body and top_level}
    host = body.get("HostConfig")
    if host is None:
        host = top
    else:
        for name in _FILLED:
            if top.get(name) and not host.get(name):
                host[name] = top[name]
    networking = body.get("NetworkingConfig") or {}
    return {
        "config": {name: body[name] for name in CONFIG if name in body},
        "host": host,
        "endpoints": networking.get("EndpointsConfig") or {},
    }


def _into(target: dict[str, Any], fields: Mapping[str, Kind], value: Pairs) -> None:
    for key, inner in value:
        name = _field(key, fields)
        if name is not None:
            target[name] = _value(target.get(name), fields[name], inner)


def _field(key: str, fields: Mapping[str, Kind]) -> str | None:
    if key in fields:
        return key
    return next((name for name in fields if _fold(name) == _fold(key)), None)


def _fold(key: str) -> str:
    return key.replace("\u017f", "s").replace("\u212a", "k").lower()


def _value(before: Any, kind: Kind, inner: Any) -> Any:
    if kind == SCALAR:
        return before if inner is None and not isinstance(before, bool) else inner
    if kind == LIST:
        return [inner] if isinstance(inner, str) else inner
    if "map" in kind:
        if inner is None:
            return None
        merged = dict(before or {})
        for key, item in inner:
            merged[key] = _value({}, kind["map"], item) if isinstance(kind["map"], dict) else item
        return merged
    if inner is None:
        return None if "pointer" in kind else before
    merged = dict(before or {})
    _into(merged, kind.get("struct", kind.get("pointer")), inner)
    return merged


_MUST_BE_EMPTY = (
    "Privileged", "CapAdd", "Devices", "DeviceRequests", "DeviceCgroupRules", "UTSMode", "UsernsMode", "Cgroup",
    "Links", "VolumeDriver", "Sysctls", "Runtime", "StorageOpt", "GroupAdd", "ExtraHosts", "OomKillDisable",
    "OomScoreAdj", "ContainerIDFile", "CpuRealtimePeriod", "CpuRealtimeRuntime", "Isolation", "PublishAllPorts",
)  # fmt: skip


def harm(effective: Mapping[str, Any], *, sid: str, networks: set[str], containers: set[str]) -> list[str]:
    """What in a reading would reach out of the session or past its limits; [] when nothing would."""
    host, config = effective["host"], effective["config"]
    found = [name for name in _MUST_BE_EMPTY if host.get(name)]
    found += [name for name in ("MaskedPaths", "ReadonlyPaths") if host.get(name) is not None]
    if host.get("SecurityOpt") != ["no-new-privileges:true"]:
        found.append("SecurityOpt")
    if not {"NET_RAW", "MKNOD"} <= set(host.get("CapDrop") or ()):
        found.append("CapDrop")
    for name, most in (("Memory", 256 << 20), ("NanoCpus", 10**9), ("PidsLimit", 128), ("ShmSize", 64 << 20)):
        if not 0 < (host.get(name) or 0) <= most:
            found.append(name)
    if host.get("MemorySwap") != host.get("Memory"):
        found.append("MemorySwap")
    if host.get("CgroupParent", "").find(sid) < 0:
        found.append("CgroupParent")
    if host.get("IpcMode") != "private" or host.get("CgroupnsMode") != "private":
        found.append("namespaces")
    mode = host.get("NetworkMode")
    if mode != "none" and mode not in networks and mode not in {f"container:{one}" for one in containers}:
        found.append("NetworkMode")
    if host.get("PidMode") and host["PidMode"] not in {f"container:{one}" for one in containers}:
        found.append("PidMode")
    if set(effective["endpoints"]) - networks or any(
        set(settings or {}) - {"Aliases"} for settings in effective["endpoints"].values()
    ):
        found.append("EndpointsConfig")
    found += [bind for bind in host.get("Binds") or () if not bind.startswith(f"sw-{sid}--")]
    found += [f"from {entry}" for entry in host.get("VolumesFrom") or () if entry.partition(":")[0] not in containers]
    for mount in host.get("Mounts") or ():
        fields = dict(mount)
        own = fields.get("Source", f"sw-{sid}--").startswith(f"sw-{sid}--")
        if fields.get("Type") not in ("volume", "tmpfs") or not own:
            found.append(f"mount {fields}")
    for bindings in (host.get("PortBindings") or {}).values():
        found += [str(one) for one in bindings if dict(one) != {"HostIp": "127.0.0.1", "HostPort": ""}]
    restart = host.get("RestartPolicy") or {}
    if restart.get("Name") not in ("", "no") and not (
        restart.get("Name") == "on-failure" and 0 < restart.get("MaximumRetryCount", 0) <= 3
    ):
        found.append("RestartPolicy")
    if (host.get("LogConfig") or {}).get("Type") != "json-file" or not host["LogConfig"]["Config"].get("max-size"):
        found.append("LogConfig")
    for name in ("org.slipway.session", "org.slipway.owner"):
        if not (config.get("Labels") or {}).get(name):
            found.append(name)
    if (config.get("Labels") or {}).get("org.slipway.session") != sid or config.get("MacAddress"):
        found.append("labels")
    if not str(config.get("Image", "")).startswith("sha256:"):
        found.append("Image")
    interval = (config.get("Healthcheck") or {}).get("Interval")
    if interval and interval < 10**9:
        found.append("Healthcheck")
    found += [path for path, words in (host.get("Tmpfs") or {}).items() if "nosuid,nodev,size=" not in words]
    return found
