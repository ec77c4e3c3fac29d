"""Container update: limits may be lowered, never raised past the session's."""

from __future__ import annotations

from collections.abc import Mapping

from course.gateway.policy import altered, container_limits, wire
from course.gateway.policy.fields import Ignored, Number, Refused, Struct, Text
from course.gateway.policy.names import EngineRequest, Names

_SET = "the session sets it"
_CPU = Refused("the session limits processor time", "Change it when you create the container, with nano_cpus.")

UPDATE = Struct(
    {
        "Memory": Number(0),
        "MemorySwap": Ignored(Number(-1)),  # always the same as Memory
        "NanoCpus": Number(0),
        "CpuShares": Number(0, 262144),
        "CpusetCpus": Text("[0-9,-]*", "processor numbers such as 0-1", 256),
        "MemoryReservation": Number(0),
        "PidsLimit": Number(-1),
        "RestartPolicy": Struct({"Name": Text(cap=32), "MaximumRetryCount": Number(0, 1000)}),
        "CpuPeriod": _CPU,
        "CpuQuota": _CPU,
        "CpuRealtimePeriod": _CPU,
        "CpuRealtimeRuntime": _CPU,
        "CpusetMems": Refused(_SET),
        "BlkioWeight": Refused(_SET),
        "KernelMemory": Refused(_SET),
        "MemorySwappiness": Refused(_SET, also=(-1,)),
    }
)


def engine_request(raw: bytes, names: Names, container: str) -> EngineRequest:
    """Read an update body and build the engine's: only what was sent, each at most the session's limit.

    A value that means "no limit" (0 or -1) means the session's limit where the engine would lift one.

    Args:
        raw: the body.
        names: the session.
        container: the container as the learner names it.

    Raises:
        Refusal: 400, 403, 404 or 413.
    """
    limits = names.policy.limits
    asked = wire.decode_object(raw, UPDATE, cap=limits.json_body)
    body: dict[str, object] = {}
    if asked.get("Memory"):
        memory = container_limits.at_most(asked["Memory"], limits.memory)
        body |= {"Memory": memory, "MemorySwap": memory}
    if asked.get("NanoCpus"):
        body["NanoCpus"] = container_limits.at_most(asked["NanoCpus"], limits.nano_cpus)
    if asked.get("PidsLimit"):  # -1 lifts the limit on the engine; 0 leaves it
        body["PidsLimit"] = container_limits.at_most(asked["PidsLimit"], limits.pids)
    if asked.get("CpuShares"):
        body["CpuShares"] = container_limits.cpu_shares(asked["CpuShares"], limits)
    if asked.get("CpusetCpus"):
        body["CpusetCpus"] = asked["CpusetCpus"]
    if asked.get("MemoryReservation"):
        body["MemoryReservation"] = container_limits.at_most(asked["MemoryReservation"], limits.memory)
    if asked.get("RestartPolicy", {}).get("Name"):
        own = names.policy.as_engine
        body["RestartPolicy"] = container_limits.restart(asked["RestartPolicy"], limits, as_asked=own)
    full_id = names.container(container)
    return EngineRequest("POST", ("containers", full_id, "update"), body=body)


def warnings(raw: bytes, built: Mapping[str, object], cap: int) -> list[str]:
    """What the session changed of what an update asked for.

    Args:
        raw: the body of the request.
        built: the body that the engine was given.
        cap: the most bytes of a body.
    """
    return altered.host(wire.decode_object(raw, UPDATE, cap=cap), built)
