"""The table of a container create body: every field that may be used, and why the others may not.

Sources: api/types/container of moby 20.10 to 28; what docker-py 7.2 and the docker CLI 28 send, zero values included.
A field that is in neither table is refused unless its value says nothing.
"""

from __future__ import annotations

from typing import Any

from course.gateway.policy.fields import DROPPED, Each, Field, Flag, Ignored, Map, Number, Refused, Struct, Text, Words
from course.gateway.policy.refusal import Refusal

_HOST = "it would reach into the machine of the engine"
_NAMESPACE = "a container of a session has its own namespaces"
_WEAKER = "it would loosen what keeps a container apart from its machine"
_SET = "the session sets it"
_UNUSED = "it is not used in the course"
_PROBE = Number(0)  # nanoseconds


class Unset:
    """A field that must not be there at all: for the engine an empty list is a value (it would unmask /proc)."""

    def read(self, value: Any, where: str) -> Any:
        """DROPPED for null."""
        if value is None:
            return DROPPED
        raise Refusal(where, _WEAKER)


_PORTS: Field = Map(Struct({}), keys=Text(r"[0-9]{1,5}(/(tcp|udp|sctp))?", "a port such as 80/tcp"), most=64)

_ENDPOINT = Struct(
    {
        "Aliases": Each(Text(), most=16),
        "IPAMConfig": Refused("the session chooses addresses"),
        "Links": Refused("links are not used in the course", "Containers of one network find each other by name."),
        "NetworkID": Refused("it could name another network than the one it is listed under"),
        "EndpointID": Refused(_SET),
        "Gateway": Refused(_SET),
        "IPAddress": Refused("the session chooses addresses"),
        "IPPrefixLen": Refused(_SET),
        "MacAddress": Refused("the session chooses addresses"),
        "DriverOpts": Refused("driver options are set by the session"),
        "GwPriority": Refused(_SET),
    }
)

_MOUNT = Struct(
    {
        "Type": Text("(volume|tmpfs|bind|npipe|cluster|image)", "volume or tmpfs", 16),
        "Source": Text(cap=4096),
        "Target": Text(cap=4096),
        "ReadOnly": Flag(),
        "Consistency": Ignored(Text(cap=32)),  # Docker Desktop's; the engine on Linux ignores it
        "BindOptions": Refused("a bind mount would reach into the machine of the engine", "Use a named volume."),
        "VolumeOptions": Struct(
            {
                "NoCopy": Flag(),
                "Labels": Refused("a volume gets labels when it is created", "Create the volume first."),
                "DriverConfig": Refused("a volume driver could mount a folder of the machine", "Use a named volume."),
                "Subpath": Refused(_UNUSED),
            }
        ),
        "TmpfsOptions": Struct({"SizeBytes": Number(0), "Mode": Number(0, 0o7777), "Options": Refused(_UNUSED)}),
        "ImageOptions": Refused(_UNUSED),
        "ClusterOptions": Refused(_UNUSED),
    }
)

_HOST_CONFIG = Struct(
    {
        # kept after checking
        "AutoRemove": Flag(),
        "Binds": Each(Text(cap=4096), most=32),
        "Mounts": Each(_MOUNT, most=32),
        "Tmpfs": Map(Text(cap=1024), most=8),
        "VolumesFrom": Each(Text(cap=256), most=8),
        "NetworkMode": Text(cap=256),
        "PortBindings": Map(
            Each(Struct({"HostIp": Text(cap=64), "HostPort": Text(cap=16)}), most=8),
            keys=Text(r"[0-9]{1,5}(/(tcp|udp|sctp))?", "a port such as 80/tcp"),
            most=32,
        ),
        "PublishAllPorts": Flag(),
        "RestartPolicy": Struct({"Name": Text(cap=32), "MaximumRetryCount": Number(0, 1000)}),
        "ReadonlyRootfs": Flag(),
        "CapDrop": Each(Text("[A-Za-z_]+", "a capability", 64), most=64),
        "SecurityOpt": Each(Text(cap=4096), most=16),
        "LogConfig": Struct({"Type": Text(cap=64), "Config": Map(Text(cap=256))}),
        "Init": Flag(),
        "PidMode": Text(cap=256),
        "IpcMode": Text(cap=256),
        "CgroupnsMode": Text(cap=64),
        # kept, never above the session's limit
        "Memory": Number(0),
        "MemorySwap": Ignored(Number(-1)),  # always the same as Memory
        "MemoryReservation": Number(0),
        "NanoCpus": Number(0),
        "CpuShares": Number(0, 262144),
        "CpusetCpus": Text("[0-9,-]*", "processor numbers such as 0-1", 256),
        "PidsLimit": Number(-1),
        "ShmSize": Number(0),
        "Ulimits": Each(Struct({"Name": Text(cap=32), "Soft": Number(-1), "Hard": Number(-1)}), most=16),
        "ConsoleSize": Ignored(Each(Number(0, 10_000), most=2)),
        # refused
        "Privileged": Refused("a privileged container has all rights on the machine of the engine"),
        "CapAdd": Refused(_WEAKER, "Most programs need no further capability."),
        "Devices": Refused(_HOST),
        "DeviceRequests": Refused(_HOST),
        "DeviceCgroupRules": Refused(_HOST),
        "UTSMode": Refused(_NAMESPACE),
        "UsernsMode": Refused(_NAMESPACE),
        "Cgroup": Refused(_NAMESPACE),
        "CgroupParent": Refused(_SET),
        "Links": Refused("links are not used in the course", "Containers of one network find each other by name."),
        "VolumeDriver": Refused("volumes of a session are on the local driver", also=("local",)),
        "Sysctls": Refused("they change the kernel"),
        "MaskedPaths": Unset(),
        "ReadonlyPaths": Unset(),
        "Runtime": Refused("another runtime may not keep the session's limits"),
        "Annotations": Refused("they steer the runtime"),
        "StorageOpt": Refused(_SET),
        "GroupAdd": Refused(_UNUSED),
        "ExtraHosts": Refused("it could name the machine of the engine", "Containers find each other by name."),
        "Dns": Refused("name servers are set by the session"),
        "DnsOptions": Refused("name servers are set by the session"),
        "DnsSearch": Refused("name servers are set by the session"),
        "OomKillDisable": Refused("a container over its memory limit has to end"),
        "OomScoreAdj": Refused("a container over its memory limit has to end"),
        "MemorySwappiness": Refused("a session has no swap", also=(-1,)),
        "BlkioWeight": Refused(_SET),
        "BlkioWeightDevice": Refused(_HOST),
        "BlkioDeviceReadBps": Refused(_HOST),
        "BlkioDeviceWriteBps": Refused(_HOST),
        "BlkioDeviceReadIOps": Refused(_HOST),
        "BlkioDeviceWriteIOps": Refused(_HOST),
        "CpuPeriod": Refused("the session limits processor time", "Use nano_cpus (or --cpus)."),
        "CpuQuota": Refused("the session limits processor time", "Use nano_cpus (or --cpus)."),
        "CpuRealtimePeriod": Refused("it would starve the machine of the engine"),
        "CpuRealtimeRuntime": Refused("it would starve the machine of the engine"),
        "CpusetMems": Refused(_SET),
        "CpuCount": Refused(_UNUSED),
        "CpuPercent": Refused(_UNUSED),
        "IOMaximumIOps": Refused(_UNUSED),
        "IOMaximumBandwidth": Refused(_UNUSED),
        "KernelMemory": Refused(_SET),
        "KernelMemoryTCP": Refused(_SET),
        "Isolation": Refused(_UNUSED, also=("default",)),
        "ContainerIDFile": Refused("it would write a file on the machine of the engine"),
    }
)

HEALTHCHECK = Struct(
    {
        "Test": Each(Text(), most=100),
        "Interval": _PROBE,
        "Timeout": _PROBE,
        "StartPeriod": _PROBE,
        "StartInterval": _PROBE,
        "Retries": Number(0, 1000),
    }
)

_CREATE: dict[str, Field] = {
    "Image": Text(cap=512),
    "Hostname": Text(r"[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?", "a host name", 63),
    "Domainname": Text(r"[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?", "a domain name", 253),
    "User": Text(r"[A-Za-z0-9_.-]*(:[A-Za-z0-9_.-]*)?", "a user, or user:group", 256),
    "AttachStdin": Flag(),
    "AttachStdout": Flag(),
    "AttachStderr": Flag(),
    "Tty": Flag(),
    "OpenStdin": Flag(),
    "StdinOnce": Flag(),
    "Env": Each(Text()),
    "Cmd": Words(),
    "Entrypoint": Words(),
    "WorkingDir": Text(cap=4096),
    "Volumes": Map(Struct({}), keys=Text("/.*", "an absolute path", 4096), most=32),
    "ExposedPorts": _PORTS,
    "Labels": Map(Text(cap=16 * 1024), most=200),
    "Healthcheck": HEALTHCHECK,
    "StopSignal": Text("[A-Za-z0-9+-]*", "a signal such as SIGTERM or 15", 16),
    "StopTimeout": Number(-1),
    "NetworkDisabled": Flag(),
    "HostConfig": _HOST_CONFIG,
    "NetworkingConfig": Struct({"EndpointsConfig": Map(_ENDPOINT, keys=Text(cap=256), most=8)}),
    # older engines read a HostConfig at top level too; there an empty list would unmask /proc
    "MaskedPaths": Unset(),
    "ReadonlyPaths": Unset(),
    "OnBuild": Refused("triggers are written in a Dockerfile"),
    "Shell": Refused("it is written in a Dockerfile"),
    "MacAddress": Refused("the session chooses addresses"),
    "ArgsEscaped": Refused(_UNUSED),
}
CREATE = Struct(_CREATE)

# ---- where the policy is as the engine (`Policy.as_engine`): what stays inside the session

SYSCTLS = (
    r"net\.[a-z0-9_./-]+|kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)|fs\.mqueue\.[a-z_]+"
)
_ADDRESS = Text("[0-9a-fA-F.:]*", "an IP address", 64)
_MAC = Text("([0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5})?", "a MAC address", 17)
_OPTIONS = Map(Text(cap=4096), keys=Text(r"[A-Za-z0-9_.-]+", "an option", 256), most=32)
OWN_ENDPOINT = Struct(
    {
        **_ENDPOINT.fields,
        "IPAMConfig": Struct(
            {"IPv4Address": _ADDRESS, "IPv6Address": _ADDRESS, "LinkLocalIPs": Each(_ADDRESS, most=8)}
        ),
        "Links": Each(Text(cap=256), most=16),
        "MacAddress": _MAC,
        "DriverOpts": _OPTIONS,
    }
)
_OWN_VOLUME_OPTIONS: dict[str, Field] = {
    "NoCopy": Flag(),
    "Labels": Refused("a volume gets labels when it is created", "Create the volume first."),
    "DriverConfig": Refused("a volume driver could mount a folder of the machine", "Use a named volume."),
    "Subpath": Text(cap=4096),  # of an own volume; the engine keeps it inside
}
_OWN_MOUNT = Struct(
    {
        **_MOUNT.fields,
        "VolumeOptions": Struct(_OWN_VOLUME_OPTIONS),
        "BindOptions": Struct(
            {
                "Propagation": Text("(r?private)?", "rprivate, as a folder is not shared", 16),
                "CreateMountpoint": Flag(),
                "NonRecursive": Refused(_UNUSED),
                "ReadOnlyNonRecursive": Refused(_UNUSED),
                "ReadOnlyForceRecursive": Refused(_UNUSED),
            }
        ),
    }
)
_WORDS = Each(Text(r"[A-Za-z0-9_.:=\[\]-]*", "a plain word", 256), most=32)
_OWN_HOST_CONFIG = Struct(
    {
        **_HOST_CONFIG.fields,
        "Mounts": Each(_OWN_MOUNT, most=32),
        "Links": Each(Text(cap=256), most=16),
        "Sysctls": Map(Text("[^\n]*", "a value", 256), keys=Text(SYSCTLS, "a sysctl of a namespace"), most=64),
        "GroupAdd": _WORDS,
        "ExtraHosts": _WORDS,
        "Dns": Each(_ADDRESS, most=8),
        "DnsOptions": _WORDS,
        "DnsSearch": _WORDS,
        "MemorySwap": Number(-1),
        "MemorySwappiness": Number(-1, 100),
        "OomScoreAdj": Number(0, 1000),
        "BlkioWeight": Number(0, 1000),
        "CpuPeriod": Number(0),
        "CpuQuota": Number(-1),
        "CpusetMems": Text("[0-9,-]*", "numbers of memory nodes", 256),
        "VolumeDriver": Text("(local)?", "local", 16),
        "Runtime": Refused("another runtime may not keep the session apart", also=("runc",)),
        "Isolation": Text("(default)?", "default", 16),
    }
)
OWN_CREATE = Struct(
    {
        **_CREATE,
        "HostConfig": _OWN_HOST_CONFIG,
        "NetworkingConfig": Struct({"EndpointsConfig": Map(OWN_ENDPOINT, keys=Text(cap=256), most=8)}),
        "MacAddress": _MAC,
        "Runtime": Refused(
            "another runtime may not keep the session apart", also=("runc",)
        ),  # docker-py's place for it
        "StopTimeout": Number(-1),
    }
)
AS_ASKED = (
    "Sysctls", "GroupAdd", "ExtraHosts", "Dns", "DnsOptions", "DnsSearch", "MemorySwappiness", "OomScoreAdj",
    "BlkioWeight", "CpuPeriod", "CpuQuota", "CpusetMems", "Isolation",
)  # fmt: skip
